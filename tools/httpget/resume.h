// -C: going on with a file that an earlier run left unfinished.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "httpget/options.h"
#include "httpget/output.h"
#include "proto/http_session.h"

namespace proto::httpget {

// What is known of a partial file, and what a response to the question for its rest means.
class Resume {
 public:
  // Looks at `target`'s file, or takes the offset that the option names.
  Resume(const Options& options, const Target& target);

  // There is a part to go on with.
  bool active() const noexcept { return offset_ > 0; }
  // Range, and what makes the server send the whole where the resource has changed since: If-Range
  // with the validator that the earlier run kept with the file, else If-Unmodified-Since with the
  // file's own time.
  void ask(Fields& headers) const;

  enum class Verdict {
    append,    // 206, and it fits
    whole,     // 200: all of it, anew
    complete,  // 416: the file has it all
    anew,      // what is there now is another, or shorter: ask for all of it
  };
  // Throws HTTPFramingError where the range is not the one asked for.
  Verdict judge(const SessionResponse& response) const;
  std::uint64_t offset() const noexcept { return offset_; }

  // Keeps the response's validator with the file, as an extended attribute, where the file system
  // has them.
  static void keep_validator(const std::string& path, const Fields& response_fields);

 private:
  std::uint64_t offset_ = 0;
  std::string validator_;
  std::optional<std::chrono::sys_seconds> modified_;
};

}  // namespace proto::httpget
