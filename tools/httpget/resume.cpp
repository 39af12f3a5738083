#include "httpget/resume.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/characters.h"
#include "base/integers.h"
#include "wire/byte_range.h"
#include "wire/http_date.h"
#include "wire/validators.h"

namespace proto::httpget {

namespace {
constexpr const char* kAttribute = "user.httpget.validator";
}

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
  if (o.resume == "-") offset_ = size;
  if (offset_ > size)
    throw UsageError("--continue-at: the offset lies behind the end of " + escaped(*target.path));
  if (!there) return;
  modified_ = std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec));
  char value[512];
  const ssize_t n = ::getxattr(target.path->c_str(), kAttribute, value, sizeof value);
  if (n > 0 && !has_line_break_or_nul({value, static_cast<std::size_t>(n)})) {
    validator_.assign(value, static_cast<std::size_t>(n));
  }
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
        throw HTTPFramingError("the rest from byte " + std::to_string(offset_) +
                               " was asked for, and the server gave " +
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
  if (!validator ||
      ::setxattr(path.c_str(), kAttribute, validator->data(), validator->size(), 0) != 0) {
    ::removexattr(path.c_str(), kAttribute);  // an old one would vouch for the wrong bytes
  }
}

}  // namespace proto::httpget
