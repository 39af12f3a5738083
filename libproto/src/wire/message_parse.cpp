// Reading messages, the tree: MessageParser.
#include <string.h>

#include <algorithm>

#include "base/characters.h"
#include "proto/message.h"
#include "wire/charset.h"
#include "wire/line_ends.h"

namespace proto {

namespace {

constexpr std::size_t kMaxBoundary = 250;  // RFC 2046 §5.1.1 says 70

bool has_known_encoding(std::string_view encoding) noexcept {
  for (const std::string_view known : {"7bit", "8bit", "binary", "base64", "quoted-printable"}) {
    if (encoding == known) return true;
  }
  return false;
}

bool is_message_type(std::string_view type) noexcept {
  return type == "message/rfc822" || type == "message/global";
}

// A line "--boundary" or "--boundary--".
struct Delimiter {
  std::size_t begin = std::string_view::npos;
  std::size_t end = 0;  // line end included
  bool closes = false;
};

class DelimiterFinder {
 public:
  DelimiterFinder(std::string_view text, std::string_view boundary)
      : text_(text), lines_(text), marker_("--" + std::string(boundary)) {}

  Delimiter next() {
    while (at_ < text_.size()) {
      const void* found =
          ::memmem(text_.data() + at_, text_.size() - at_, marker_.data(), marker_.size());
      if (found == nullptr) break;
      const auto begin = static_cast<std::size_t>(static_cast<const char*>(found) - text_.data());
      const std::size_t end = lines_.after(begin + marker_.size());
      // One look at a line is enough: what is no delimiter at its beginning is none.
      at_ = end;
      const bool starts_line = begin == 0 || text_[begin - 1] == '\n' || text_[begin - 1] == '\r';
      if (!starts_line) continue;
      std::string_view rest = text_.substr(begin + marker_.size(), end - begin - marker_.size());
      const bool closes = rest.starts_with("--");
      if (closes) rest.remove_prefix(2);
      if (rest.find_first_not_of(" \t\r\n") == rest.npos) return {begin, end, closes};
    }
    at_ = text_.size();
    return {};
  }

 private:
  std::string_view text_;
  LineEnds lines_;
  std::string marker_;
  std::size_t at_ = 0;
};

// The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1).
std::string_view without_last_line_end(std::string_view text) noexcept {
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
  } else if (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

class MessageParser {
 public:
  MessageParser(const ParseLimits& limits, std::vector<MessageDefect>& defects)
      : limits_(limits), defects_(defects) {}

  MessagePart parse(std::string_view text, std::size_t depth, std::string_view default_type) {
    MessagePart part;
    part.raw_ = text;
    part.header_ = HeaderBlock(text, StrayLine::ends_header, limits_.fields);
    if (part.header_.missing_separator()) note(MessageDefect::missing_separator);
    if (part.header_.too_many_fields()) note(MessageDefect::too_many_fields);
    read_type(part, default_type);
    const bool is_multipart = part.type().starts_with("multipart/");
    const bool is_identity =
        part.transfer_encoding_ != "base64" && part.transfer_encoding_ != "quoted-printable";
    if (is_multipart) {
      if (!is_identity) note(MessageDefect::encoded_multipart);
      parse_multipart(part, depth);
    } else if (is_message_type(part.type()) && is_identity) {
      if (!may_nest(depth) || !may_add()) return part;
      part.parts_.push_back(parse(part.raw_body(), depth + 1, "text/plain"));
    }
    return part;
  }

 private:
  void note(MessageDefect defect) {
    if (std::find(defects_.begin(), defects_.end(), defect) == defects_.end()) {
      defects_.push_back(defect);
    }
  }

  bool may_nest(std::size_t depth) {
    if (depth < limits_.depth) return true;
    note(MessageDefect::too_deep);
    return false;
  }

  bool may_add() {
    if (count_ < limits_.parts) return ++count_, true;
    note(MessageDefect::too_many_parts);
    return false;
  }

  void read_type(MessagePart& part, std::string_view default_type) {
    if (const HeaderField* field = part.header_.find("Content-Type")) {
      part.content_type_ = parse_parameters(field->value());
      const std::string& type = part.content_type_.value;
      const std::size_t slash = type.find('/');
      if (!is_token(type.substr(0, slash)) || slash == type.npos ||
          !is_token(type.substr(slash + 1))) {
        note(MessageDefect::malformed_content_type);
        part.content_type_.value = "text/plain";
      }
    } else {
      part.content_type_.value = default_type;
    }
    part.transfer_encoding_ = "7bit";
    if (const HeaderField* field = part.header_.find("Content-Transfer-Encoding")) {
      part.transfer_encoding_ = parse_parameters(field->value()).value;
      if (!has_known_encoding(part.transfer_encoding_)) {
        note(MessageDefect::unknown_transfer_encoding);
      }
    }
    const std::string* charset = part.content_type_.find("charset");
    if (part.is_text() && charset != nullptr && !find_charset(*charset).is_known()) {
      note(MessageDefect::unknown_charset);
    }
  }

  void parse_multipart(MessagePart& part, std::size_t depth) {
    const std::string* boundary = part.content_type_.find("boundary");
    if (boundary == nullptr || boundary->empty() || boundary->size() > kMaxBoundary) {
      return note(MessageDefect::missing_boundary);
    }
    if (!may_nest(depth)) return;
    const std::string_view default_type =
        part.type() == "multipart/digest" ? "message/rfc822" : "text/plain";
    const std::string_view body = part.raw_body();
    DelimiterFinder finder(body, *boundary);
    Delimiter last = finder.next();
    if (last.begin == body.npos || last.closes) return note(MessageDefect::no_part_found);
    while (!last.closes) {
      const Delimiter next = finder.next();
      const bool is_cut_off = next.begin == body.npos;
      if (is_cut_off) note(MessageDefect::unterminated_multipart);
      const std::string_view content =
          is_cut_off ? body.substr(last.end)
                     : without_last_line_end(body.substr(last.end, next.begin - last.end));
      if (!may_add()) return;
      part.parts_.push_back(parse(content, depth + 1, default_type));
      if (is_cut_off) return;
      last = next;
    }
  }

  ParseLimits limits_;
  std::vector<MessageDefect>& defects_;
  std::size_t count_ = 0;
};

ParsedMessage::ParsedMessage(std::string_view raw, const ParseLimits& limits) {
  root_ = MessageParser(limits, defects_).parse(raw, 0, "text/plain");
}

}  // namespace proto
