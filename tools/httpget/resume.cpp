#include "httpget/resume.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "base/characters.h"
#include "base/integers.h"
#include "wire/byte_range.h"
#include "wire/http_date.h"
#include "wire/validators.h"

namespace proto::httpget {

namespace {
constexpr const char* kAttribute = "user.httpget.validator";

// What stands before the validator: it vouches for the file as it was written then, and not for
// what somebody else has put into it since.
std::string time_of(const struct stat& status) {
  return std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " ";
}

// Heads that an earlier run put in front of the body (-i).
bool begins_with_heads(const std::string& path) {
  constexpr std::string_view kBegin = "HTTP/";
  char bytes[kBegin.size()];
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t n = ::read(fd, bytes, sizeof bytes);
  ::close(fd);
  return n == sizeof bytes && std::string_view(bytes, sizeof bytes) == kBegin;
}

}  // namespace

Resume::Resume(const Options& o, const Target& target) {
  if (o.resume.empty()) return;
  if (o.resume != "-") {
    offset_ = *parse_decimal(o.resume);
    if (!target.path) return;
  }
  if (!target.path) throw UsageError("--continue-at -: goes with --output or --remote-name");
  struct stat status {};
  const bool there = ::stat(target.path->c_str(), &status) == 0 && S_ISREG(status.st_mode);
  const std::uint64_t size = there ? static_cast<std::uint64_t>(status.st_size) : 0;
  // Where heads stand in front nobody knows where the body ends: fetched anew.
  if (o.resume == "-") offset_ = begins_with_heads(*target.path) ? 0 : size;
  if (offset_ > size)
    throw UsageError("--continue-at: the offset lies behind the end of " + escaped(*target.path));
  if (!there) return;
  modified_ = std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec));
  char value[512];
  const ssize_t n = ::getxattr(target.path->c_str(), kAttribute, value, sizeof value);
  const std::string_view kept(value, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  const std::string written = time_of(status);
  if (kept.starts_with(written) && !has_line_break_or_nul(kept))
    validator_ = kept.substr(written.size());
}

void Resume::ask(Fields& headers) const {
  headers.set("Range", "bytes=" + std::to_string(offset_) + "-");
  if (!validator_.empty()) {
    headers.set("If-Range", validator_);
  } else if (modified_) {
    headers.set("If-Unmodified-Since", format_http_date(*modified_));
  }
}

Resume::Verdict Resume::judge(const SessionResponse& response) const {
  const Fields& fields = response.headers();
  const auto value = fields.get("Content-Range");
  const auto range = value ? parse_content_range(*value) : std::nullopt;
  switch (response.status()) {
    case 206: {
      if (!range || !range->range || range->range->first != offset_) {
        throw HTTPFramingError("another range than asked for: " + response.url().to_string() +
                               ": want the rest from byte " + std::to_string(offset_) + ", got " +
                               (value ? proto::quoted(*value) : "no Content-Range"));
      }
      if (!validator_.empty())
        return if_range_for(fields) == validator_ ? Verdict::append : Verdict::anew;
      // Nothing names the resource that the file began with; one that is younger than the file is
      // not it.
      const auto modified = fields.get("Last-Modified");
      const auto date = modified ? parse_http_date(*modified) : std::nullopt;
      return date && modified_ && *date > *modified_ ? Verdict::anew : Verdict::append;
    }
    case 416:
      return range && range->size == offset_ ? Verdict::complete : Verdict::anew;
    case 412:
      return Verdict::anew;
    default:
      return Verdict::whole;
  }
}

void Resume::keep_validator(const std::string& path, const Fields& fields) {
  const auto validator = if_range_for(fields);
  struct stat status {};
  const bool there = validator && ::stat(path.c_str(), &status) == 0;
  const std::string value = there ? time_of(status) + *validator : "";
  if (!there || ::setxattr(path.c_str(), kAttribute, value.data(), value.size(), 0) != 0) {
    ::removexattr(path.c_str(), kAttribute);  // an old one would vouch for the wrong bytes
  }
}

}  // namespace proto::httpget
