#include "proto/url.h"

#include <algorithm>

#include "base/characters.h"
#include "base/integers.h"

namespace proto {

namespace {

constexpr bool is_unreserved(char c) noexcept {
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void append_encoded(std::string& out, char c) {
  out += '%';
  append_hex(c, out);
}

// What must not go on a request line as it is, and what would end the part that `text` is; the rest
// is left as it was written.
std::string encode_unsafe(std::string_view text, std::string_view ends = {}) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f && ends.find(c) == std::string_view::npos) {
      out += c;
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

// For messages: without what may be a password.
std::string shown(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at == std::string_view::npos ? quoted(text) : "..." + quoted(text.substr(at));
}

void check_text(std::string_view text) {
  if (has_line_break_or_nul(text)) throw URLError("URL: has CR, LF or NUL in it: " + shown(text));
}

// The scheme in front of "scheme:..."; empty where there is none.
std::string_view scheme_of(std::string_view text) noexcept {
  const std::size_t end = text.find_first_of(":/?#");
  if (end == std::string_view::npos || end == 0 || text[end] != ':' || !is_alpha(text[0]))
    return {};
  const std::string_view scheme = text.substr(0, end);
  const bool valid = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return is_alnum(c) || c == '+' || c == '-' || c == '.';
  });
  return valid ? scheme : std::string_view();
}

// "." and "..", with dots percent-encoded or not: 0 for neither, else how many dots.
int dots_in(std::string_view segment) noexcept {
  int dots = 0;
  while (!segment.empty()) {
    if (segment[0] == '.') {
      segment.remove_prefix(1);
    } else if (starts_with_ignoring_case(segment, "%2e")) {
      segment.remove_prefix(3);
    } else {
      return 0;
    }
    if (++dots > 2) return 0;
  }
  return dots;
}

// RFC 3986 §5.2.4, of a path that begins with "/" or is empty.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const int dots = dots_in(path.substr(1, end - 1));
    if (dots == 0) out.append(path.substr(0, end));
    if (dots == 2) out.resize(out.empty() ? 0 : out.rfind('/'));
    path.remove_prefix(end);
    if (dots != 0 && path.empty()) out += '/';
  }
  return out.empty() ? "/" : out;
}

}  // namespace

std::uint16_t default_port(std::string_view scheme) noexcept {
  if (scheme == "http") return 80;
  if (scheme == "https") return 443;
  return 0;
}

std::string Origin::to_string() const {
  std::string text = scheme + "://";
  text += host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

URL URL::parse(std::string_view text) {
  check_text(text);
  const std::string_view scheme = scheme_of(text);
  if (scheme.empty()) throw URLError("URL: no scheme: " + shown(text));
  std::string_view rest = text.substr(scheme.size() + 1);
  if (!rest.starts_with("//")) throw URLError("URL: no // behind the scheme: " + shown(text));
  rest.remove_prefix(2);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  URL url;
  url.scheme_ = lower(scheme);
  url.parse_authority(authority);
  url.set_path_query_fragment(rest.substr(authority.size()));
  return url;
}

void URL::parse_userinfo(std::string_view userinfo) {
  if (userinfo.find('@') != std::string_view::npos)
    throw URLError("URL: an @ in a user's name or password is written %40");
  const std::size_t colon = userinfo.find(':');
  const auto name = percent_decode(userinfo.substr(0, colon));
  const auto word = percent_decode(colon == std::string_view::npos ? std::string_view()
                                                                   : userinfo.substr(colon + 1));
  // The text is not quoted: it may hold a password.
  if (!name || !word) throw URLError("URL: a % in a user's name or password is written %25");
  if (has_line_break_or_nul(*name) || has_line_break_or_nul(*word))
    throw URLError("URL: CR, LF or NUL in a user's name or password");
  user_ = *name;
  if (colon != std::string_view::npos) password_.emplace(*word);
}

void URL::parse_authority(std::string_view authority) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parse_userinfo(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) != std::string_view::npos)
    colon = std::string_view::npos;  // inside an IPv6 address
  const std::string_view host = authority.substr(0, colon);
  if (host.find(':') != std::string_view::npos && !host.starts_with('['))
    throw URLError("URL: an IPv6 address stands in brackets: " + quoted(authority));
  host_ = canonical_host(host);
  port_ = default_port(scheme_);
  if (colon == std::string_view::npos || colon + 1 == authority.size()) return;
  const auto port = parse_decimal(authority.substr(colon + 1), 65535);
  if (!port || *port == 0) throw URLError("URL: no port: " + quoted(authority.substr(colon + 1)));
  port_ = static_cast<std::uint16_t>(*port);
}

void URL::set_path_query_fragment(std::string_view text) {
  const std::size_t hash = text.find('#');
  fragment_.reset();
  if (hash != std::string_view::npos) fragment_ = encode_unsafe(text.substr(hash + 1));
  text = text.substr(0, hash);
  const std::size_t question = text.find('?');
  query_.reset();
  if (question != std::string_view::npos) query_ = encode_unsafe(text.substr(question + 1));
  path_ = remove_dot_segments(encode_unsafe(text.substr(0, question)));
}

URL URL::resolve(std::string_view reference) const {
  check_text(reference);
  if (!scheme_of(reference).empty()) return parse(reference);
  if (reference.starts_with("//")) return parse(scheme_ + ":" + std::string(reference));
  URL url = *this;
  if (reference.starts_with('/')) {
    url.set_path_query_fragment(reference);
  } else if (reference.empty() || reference.front() == '#') {
    url.set_fragment(reference.empty() ? std::nullopt : std::optional(reference.substr(1)));
  } else if (reference.front() == '?') {
    url.set_path_query_fragment(path_ + std::string(reference));
  } else {
    url.set_path_query_fragment(path_.substr(0, path_.rfind('/') + 1) + std::string(reference));
  }
  return url;
}

std::string URL::target() const {
  return query_ ? path_ + "?" + *query_ : path_;
}

std::string URL::authority() const {
  std::string text = host_;
  if (host_.find(':') != std::string::npos) text = "[" + host_.substr(0, host_.find('%')) + "]";
  if (port_ != default_port(scheme_)) text += ":" + std::to_string(port_);
  return text;
}

std::string URL::text(bool with_password) const {
  constexpr std::string_view keep = "!$&'()*+,;=";
  std::string out = scheme_ + "://";
  if (user_) {
    out += percent_encode(*user_, keep);
    if (password_ && with_password) out += ":" + percent_encode(password_->reveal(), keep);
    out += '@';
  }
  if (const std::size_t zone = host_.find('%'); zone != std::string::npos) {
    out += "[" + host_.substr(0, zone) + "%25" + host_.substr(zone + 1) + "]";
    if (port_ != default_port(scheme_)) out += ":" + std::to_string(port_);
  } else {
    out += authority();
  }
  out += target();
  if (fragment_) out += "#" + *fragment_;
  return out;
}

std::string URL::to_string() const {
  return text(false);
}
std::string URL::to_string_with_password() const {
  return text(true);
}

void URL::set_scheme(std::string_view scheme) {
  if (scheme_of(std::string(scheme) + ":") != scheme || scheme.empty())
    throw URLError("URL: no scheme: " + quoted(scheme));
  const bool is_default = port_ == default_port(scheme_);
  scheme_ = lower(scheme);
  if (is_default) port_ = default_port(scheme_);
}

void URL::set_path(std::string_view path) {
  check_text(path);
  path_ = remove_dot_segments((path.starts_with('/') ? "" : "/") + encode_unsafe(path, "?#"));
}

void URL::set_query(std::optional<std::string_view> query) {
  if (query) check_text(*query);
  query_.reset();
  if (query) query_ = encode_unsafe(*query, "#");
}

void URL::set_fragment(std::optional<std::string_view> fragment) {
  if (fragment) check_text(*fragment);
  fragment_.reset();
  if (fragment) fragment_ = encode_unsafe(*fragment);
}

void URL::remove_userinfo() noexcept {
  user_.reset();
  password_.reset();
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
      out += c;
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

}  // namespace proto
