#include "httpget/request_body.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "base/characters.h"
#include "common/atomic_file.h"
#include "httpget/form.h"

namespace proto::httpget {

namespace {

// curl's rule for -d @FILE: line ends and NULs are taken out.
std::string without_line_ends(std::string text) {
  std::erase_if(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  return text;
}

std::string data_of(const DataPart& part) {
  const bool from_file = part.text.starts_with('@');
  switch (part.kind) {
    case DataPart::Kind::raw:
      return part.text;
    case DataPart::Kind::urlencode:
      return urlencoded(part.text);
    case DataPart::Kind::form:
      return from_file ? without_line_ends(tools::read_file(part.text.substr(1))) : part.text;
    case DataPart::Kind::binary:
    case DataPart::Kind::json:
      return from_file ? tools::read_file(part.text.substr(1)) : part.text;
  }
  return {};
}

// One segment after the other: bytes in memory, files as they are read.
Body body_of(const std::shared_ptr<const std::vector<FormData::Segment>>& segments,
             std::optional<std::uint64_t> size) {
  struct Reader {
    std::shared_ptr<const std::vector<FormData::Segment>> segments;
    std::size_t index = 0;
    std::size_t at = 0;
    std::optional<Body> file;
  };
  auto reader = std::make_shared<Reader>(Reader{segments, 0, 0, std::nullopt});
  return Body::from_source(
      [reader](std::span<char> into) -> std::size_t {
        Reader& r = *reader;
        for (; r.index < r.segments->size(); ++r.index, r.at = 0, r.file.reset()) {
          const FormData::Segment& segment = (*r.segments)[r.index];
          if (!segment.path.empty()) {
            if (!r.file) r.file = open_file(segment.path);
            if (const std::size_t n = r.file->source()(into)) return n;
          } else if (r.at < segment.bytes.size()) {
            const std::size_t n = std::min(into.size(), segment.bytes.size() - r.at);
            std::copy_n(segment.bytes.begin() + static_cast<std::ptrdiff_t>(r.at), n, into.begin());
            r.at += n;
            return n;
          }
        }
        return 0;
      },
      size);
}

}  // namespace

std::string urlencoded(const std::string& text) {
  const auto at = text.find_first_of("=@");
  const std::string name = at == std::string::npos ? "" : text.substr(0, at);
  std::string value = at == std::string::npos ? text : text.substr(at + 1);
  if (at != std::string::npos && text[at] == '@') value = tools::read_file(value);
  std::string encoded = percent_encode(value, " ");
  std::replace(encoded.begin(), encoded.end(), ' ', '+');
  return name.empty() ? encoded : name + "=" + encoded;
}

std::string joined_data(const Options& o, bool& json) {
  std::string data;
  for (const DataPart& part : o.data) {
    if (&part != &o.data.front() && part.kind != DataPart::Kind::json) data += '&';
    data += data_of(part);
    json = json || part.kind == DataPart::Kind::json;
  }
  return data;
}

Body open_file(const std::string& path) {
  if (path != kStdin) return Body::from_file(path);
  static std::atomic<bool> begun = false;
  if (begun) throw ReadError("cannot read stdin: it has been sent already", 0);
  return Body::from_source([](std::span<char> into) -> std::size_t {
    begun = true;
    for (;;) {
      const ssize_t n = ::read(STDIN_FILENO, into.data(), into.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR)
        throw ReadError("cannot read stdin: " + std::generic_category().message(errno), errno);
    }
  });
}

std::function<Body()> form_body(const Options& options, Fields& headers) {
  FormData form = make_form(options);
  headers.add("Content-Type", form.content_type());
  const auto size = form.size();  // before its parts are taken
  auto segments = std::make_shared<const std::vector<FormData::Segment>>(form.take_segments());
  return [segments, size] { return body_of(segments, size); };
}

Body::Source source_of(const Body& body) {
  if (body.source()) return body.source();
  return [rest = body.bytes()](std::span<char> into) mutable {
    const std::size_t n = rest.copy(into.data(), into.size());
    rest.remove_prefix(n);
    return n;
  };
}

void count_upload(SessionRequest& request, std::uint64_t& size, bool with_login) {
  request.body = [make = std::move(request.body), &size, with_login] {
    const Body body = make();
    // Digest's auth-int looks at the bytes themselves: they are counted as one.
    if (!body.source() && with_login) {
      size = body.bytes().size();
      return body;
    }
    size = 0;
    return Body::from_source(
        [source = source_of(body), &size](std::span<char> into) {
          const std::size_t n = source(into);
          size += n;
          return n;
        },
        body.length());
  };
}

}  // namespace proto::httpget
