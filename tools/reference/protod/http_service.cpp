#include "reference/protod/http_service.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "base/characters.h"
#include "base/random.h"
#include "proto/error.h"
#include "proto/fields.h"
#include "proto/url.h"
#include "reference/protod/time_limit.h"
#include "wire/body_framing.h"
#include "wire/byte_range.h"
#include "wire/chunked.h"
#include "wire/http_date.h"
#include "wire/http_head.h"
#include "wire/http_request.h"
#include "wire/validators.h"

namespace proto::protod {

namespace {

// Bytes of a request's body that are read only to be thrown away.
constexpr std::uint64_t kMaxIgnoredBody = 1024 * 1024;

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 416:
      return "Range Not Satisfiable";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    default:
      return "Error";
  }
}

// One exchange: what was asked, and the reply that is being made.
class Exchange {
 public:
  Exchange(Stream& stream, const Folder& folder, std::chrono::milliseconds command_time)
      : stream_(stream), folder_(folder), command_time_(command_time) {}
  // False: the connection is to end.
  bool run();

 private:
  bool read_head();
  void discard_body(const BodyFraming& framing);
  void answer();
  void answer_path(const std::string& path);
  void answer_file(const std::string& path, const File& file);
  void send_ranges(const File& file, std::string_view type, const std::vector<ByteRange>& ranges);
  void send_bytes(const File& file, const ByteRange& range);
  void send_text(int status, std::string_view type, std::string_view body);
  void send_head(int status);
  void refuse(int status);

  Stream& stream_;
  const Folder& folder_;
  std::chrono::milliseconds command_time_;
  RequestHeadParser request_;
  Fields reply_;
  bool head_only_ = false;
  bool keep_alive_ = true;
};

bool Exchange::read_head() {
  std::size_t size = 0;
  while ((size = request_.feed(stream_.peek())) == 0) {
    if (stream_.fill()) continue;
    if (stream_.peek().empty()) return false;
    request_.finish(stream_.peek());
  }
  stream_.consume(size);
  return true;
}

void Exchange::discard_body(const BodyFraming& framing) {
  ChunkedDecoder chunks;
  std::uint64_t budget = kMaxIgnoredBody;
  const bool chunked = framing.kind == BodyFraming::Kind::chunked;
  std::uint64_t left = framing.kind == BodyFraming::Kind::counted ? framing.length : 0;
  if (left > budget) throw LimitError("the body of a request is too large");
  while (chunked ? !chunks.done() : left > 0) {
    const std::uint64_t due = chunked ? chunks.remaining() : left;
    if (due == 0) {
      const std::size_t used = chunks.feed(stream_.peek());
      stream_.consume(used);
      if (used == 0 && !stream_.fill()) chunks.finish();
      continue;
    }
    if (stream_.peek().empty() && !stream_.fill()) {
      throw ClosedError("the body of a request ended early", 0, Phase::receive);
    }
    const std::uint64_t n = std::min<std::uint64_t>(due, stream_.peek().size());
    if (n > budget) throw LimitError("the body of a request is too large");
    budget -= n;
    stream_.consume(static_cast<std::size_t>(n));
    if (chunked) chunks.consumed(n);
    left -= chunked ? 0 : n;
  }
}

void Exchange::send_head(int status) {
  reply_.set(
      "Date",
      format_http_date(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())));
  if (!keep_alive_) reply_.set("Connection", "close");
  std::string head;
  append_response_head(head, 11, status, reason_of(status), reply_);
  stream_.write(head);
}

void Exchange::send_text(int status, std::string_view type, std::string_view body) {
  reply_.set("Content-Type", type);
  reply_.set("Content-Length", std::to_string(body.size()));
  send_head(status);
  if (!head_only_) stream_.write(body);
}

void Exchange::refuse(int status) {
  send_text(status, "text/plain; charset=utf-8",
            std::to_string(status) + " " + std::string(reason_of(status)) + "\n");
}

void Exchange::send_bytes(const File& file, const ByteRange& range) {
  std::vector<char> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(range.size(), 256 * 1024)));
  for (std::uint64_t at = range.first; at <= range.last;) {
    const auto most =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), range.last - at + 1));
    const std::size_t n = file.read(at, buffer.data(), most);
    // The length has been announced: a file that shrank meanwhile can only end the connection.
    if (n == 0) throw ReadError("a file became shorter while it was sent", 0);
    stream_.write({buffer.data(), n});
    at += n;
  }
}

// RFC 9110 §14.6: one range as it is, several as multipart/byteranges.
void Exchange::send_ranges(const File& file, std::string_view type,
                           const std::vector<ByteRange>& ranges) {
  if (ranges.size() == 1) {
    reply_.set("Content-Range", format_content_range(ranges.front(), file.size()));
    reply_.set("Content-Length", std::to_string(ranges.front().size()));
    reply_.set("Content-Type", type);
    send_head(206);
    if (!head_only_) send_bytes(file, ranges.front());
    return;
  }
  const std::string boundary = random_text(24);
  const std::string last = "\r\n--" + boundary + "--\r\n";
  std::vector<std::string> heads;
  std::uint64_t length = last.size();
  for (const ByteRange& range : ranges) {
    heads.push_back("\r\n--" + boundary + "\r\nContent-Type: " + std::string(type) +
                    "\r\nContent-Range: " + format_content_range(range, file.size()) + "\r\n\r\n");
    length += heads.back().size() + range.size();
  }
  reply_.set("Content-Type", "multipart/byteranges; boundary=" + boundary);
  reply_.set("Content-Length", std::to_string(length));
  send_head(206);
  if (head_only_) return;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    stream_.write(heads[i]);
    send_bytes(file, ranges[i]);
  }
  stream_.write(last);
}

void Exchange::answer_file(const std::string& path, const File& file) {
  const Validators validators{parse_etag(file.tag()), file.modified()};
  reply_.set("ETag", file.tag());
  reply_.set("Last-Modified", format_http_date(file.modified()));
  reply_.set("Accept-Ranges", "bytes");
  switch (evaluate_conditions(request_.method(), request_.fields(), validators)) {
    case Condition::not_modified:
      return send_head(304);
    case Condition::fails:
      return refuse(412);
    case Condition::holds:
      break;
  }
  const auto range = request_.fields().get("Range");
  RangeAnswer answer;
  if (range && request_.method() == "GET" && range_applies(request_.fields(), validators)) {
    answer = parse_range(*range, file.size());
  }
  if (answer.kind == RangeAnswer::Kind::unsatisfiable) {
    reply_.set("Content-Range", format_content_range(std::nullopt, file.size()));
    return refuse(416);
  }
  if (answer.kind == RangeAnswer::Kind::partial)
    return send_ranges(file, media_type(path), answer.ranges);
  reply_.set("Content-Type", media_type(path));
  reply_.set("Content-Length", std::to_string(file.size()));
  send_head(200);
  if (!head_only_ && file.size() > 0) send_bytes(file, {0, file.size() - 1});
}

void Exchange::answer_path(const std::string& path) {
  const Folder::Kind kind = folder_.kind_of(path);
  if (kind == Folder::Kind::folder && !path.empty() && !path.ends_with('/')) {
    // Relative links in it need the slash.
    reply_.set("Location", "/" + percent_encode(path, "/") + "/");
    return refuse(301);
  }
  if (kind == Folder::Kind::folder) {
    if (const auto index = folder_.open(path + "index.html"))
      return answer_file("index.html", *index);
    return send_text(200, "text/html; charset=utf-8", folder_.index_page(path));
  }
  if (const auto file = folder_.open(path)) return answer_file(path, *file);
  refuse(404);
}

void Exchange::answer() {
  if (!head_only_ && request_.method() != "GET") {
    reply_.set("Allow", "GET, HEAD");
    return refuse(request_.method() == "POST" || request_.method() == "PUT" ? 405 : 501);
  }
  std::string_view target = request_.target();
  if (const auto scheme = target.find("://");
      scheme != std::string_view::npos && !target.starts_with('/')) {
    const auto slash = target.find('/', scheme + 3);  // absolute-form, as a proxy gets it
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  target = target.substr(0, target.find_first_of("?#"));
  const auto path = percent_decode(target);
  if (!path || !path->starts_with('/') || path->find('\0') != std::string::npos) return refuse(400);
  answer_path(path->substr(std::min(path->find_first_not_of('/'), path->size())));
}

bool Exchange::run() {
  request_.reset();
  reply_.clear();
  keep_alive_ = true;
  try {
    const TimeLimit limit(stream_, command_time_);
    if (!read_head()) return false;
    const BodyFraming framing = framing_for_request(request_.version(), request_.fields());
    keep_alive_ = keeps_alive(request_.version(), request_.fields()) && !framing.must_close;
    head_only_ = request_.method() == "HEAD";
    const auto hosts = request_.fields().get_all("Host");
    if (hosts.size() != 1 && (request_.version() == 11 || hosts.size() > 1)) {
      throw ProtocolError("one Host field is due (RFC 9112 §3.2)");
    }
    discard_body(framing);
  } catch (const LimitError&) {
    keep_alive_ = head_only_ = false;
    refuse(431);
    return false;
  } catch (const ProtocolError&) {
    keep_alive_ = head_only_ = false;
    refuse(400);
    return false;
  }
  answer();
  return keep_alive_;
}

}  // namespace

void serve_http(Stream& stream, const Folder& folder, std::chrono::milliseconds command_time) {
  Exchange exchange(stream, folder, command_time);
  while (exchange.run()) {
  }
}

}  // namespace proto::protod
