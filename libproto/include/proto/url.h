// URLs (RFC 3986) as HTTP uses them: a scheme, a host, and what to ask it for.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "proto/secret.h"

namespace proto {

// The text is no URL that this library takes; the message says why.
class URLError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// What credentials and cookies belong to.
struct Origin {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;

  std::string to_string() const;  // "https://example.org", with a port that is not the default
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

// 80 for http, 443 for https, 0 for anything else.
std::uint16_t default_port(std::string_view scheme) noexcept;

// Always absolute, with a host, and canonical: two that lead to the same place read the same.
// A value; a view it returns dies with it.
class URL {
 public:
  // "scheme://[user[:password]@]host[:port][/path][?query][#fragment]". Throws URLError for
  // anything else, and for CR, LF or NUL anywhere. Dot segments are removed; spaces, controls and
  // 8-bit behind the host are percent-encoded.
  static URL parse(std::string_view text);
  // Where a reference found at this URL leads (RFC 3986 §5, strict). The fragment is the
  // reference's own. Throws URLError.
  URL resolve(std::string_view reference) const;

  const std::string& scheme() const noexcept { return scheme_; }  // lower case
  // As canonical_host() gives it.
  const std::string& host() const noexcept { return host_; }
  // The default of the scheme where none was given; 0 where there is no default.
  std::uint16_t port() const noexcept { return port_; }
  // Decoded; nothing where there is none.
  const std::optional<std::string>& user() const noexcept { return user_; }
  const std::optional<Secret>& password() const noexcept { return password_; }
  // As they go on the wire: percent-encoded. A path begins with "/".
  const std::string& path() const noexcept { return path_; }
  const std::optional<std::string>& query() const noexcept { return query_; }
  const std::optional<std::string>& fragment() const noexcept { return fragment_; }

  // For the request line: path and query (origin-form).
  std::string target() const;
  // For the Host field: the host, an IPv6 address in brackets and without its zone, and a port that
  // is not the default.
  std::string authority() const;
  Origin origin() const { return {scheme_, host_, port_}; }
  // Without a password, and without a user unless there is one.
  std::string to_string() const;
  std::string to_string_with_password() const;

  // What is no longer to be there, or takes another's place; encoded as parse() does. Throws
  // URLError for CR, LF or NUL.
  void set_scheme(std::string_view scheme);  // a default port becomes the new scheme's
  void set_path(std::string_view path);
  void set_query(std::optional<std::string_view> query);
  void set_fragment(std::optional<std::string_view> fragment);
  void remove_userinfo() noexcept;

 private:
  URL() = default;
  void parse_authority(std::string_view authority);
  void parse_userinfo(std::string_view userinfo);
  void set_path_query_fragment(std::string_view text);
  std::string text(bool with_password) const;

  std::string scheme_;
  std::optional<std::string> user_;
  std::optional<Secret> password_;
  std::string host_;
  std::uint16_t port_ = 0;
  std::string path_;
  std::optional<std::string> query_, fragment_;
};

// One form for each host: a name in lower case and in ASCII (IDNA 2008 by UTS #46 where libidn2 is
// built in), an IPv4 address, or an IPv6 address as RFC 5952 writes it, without brackets, "%zone"
// behind it. Takes them with brackets and percent-encoding, too. Throws URLError for what is none:
// empty, controls, spaces, empty or overlong labels, and IPv4 in any form but four decimal numbers
// ("0x7f.1", "127.1", "017.0.0.1" mean different hosts to different programs).
std::string canonical_host(std::string_view host);

// Everything but letters, digits, "-._~" and what stands in `keep` becomes %XX.
std::string percent_encode(std::string_view text, std::string_view keep = {});
// Nothing where a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace proto
