// Where a response goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/atomic_file.h"
#include "common/text.h"
#include "httpget/digest_check.h"
#include "httpget/options.h"
#include "httpget/progress.h"
#include "httpget/segments.h"
#include "proto/http_session.h"

namespace proto::httpget {

// The body passes --max-filesize.
class TooLargeError : public LimitError {
 public:
  using LimitError::LimitError;
};

// Where a body goes: a file, or stdout.
struct Target {
  std::optional<std::string> path;  // nothing: stdout
  bool replace = true;              // false: an existing file is an error (-J)
  // Not empty: bytes go behind what is in `path` already, which this many are (-C).
  std::uint64_t append_at = 0;
};

// The file that the options name for the nth URL. Throws URLError.
Target target_for(const Options& options, const URL& url, std::size_t index);
// With -J: the name that the response gives, where it gives one.
void take_name_from(const SessionResponse& response, const Options& options, Target& target);

// The heads of all transfers, for -D. Thread-safe. Throws WriteError.
class HeadDump {
 public:
  explicit HeadDump(const std::string& path) : path_(path) {}
  // Whole heads, in one piece.
  void add(std::string_view heads);
  // The file appears now, where there was a head at all.
  void commit();

 private:
  const std::string& path_;
  std::mutex mutex_;
  std::unique_ptr<tools::AtomicFile> file_;
};

// Writes a response's head and body where the options say. Throws WriteError, TooLargeError,
// DigestError.
class Output {
 public:
  Output(const Options& options, Target target, Progress& progress, HeadDump& dump,
         Deadline deadline);

  // Reads the whole body, by `segments` where it may. `before`: the heads of the responses that led
  // here. False: a status for which FILE must not appear; what there was of a body went to stdout,
  // or nowhere (-f).
  bool write(SessionResponse& response, const std::string& before, Segments* segments = nullptr);
  const Target& target() const noexcept { return target_; }
  std::size_t head_bytes() const noexcept { return head_bytes_; }

 private:
  Begun begun() const;
  std::string too_large(const SessionResponse& response) const;
  void refuse_large(const SessionResponse& response) const;
  void write_body(SessionResponse& response, int fd, bool to_file);
  void write_segments(SessionResponse& response, Segments& segments, const tools::AtomicFile& file);
  void write_file(SessionResponse& response, std::string_view heads, Segments* segments);
  void append(SessionResponse& response);
  void append_to(int fd, SessionResponse& response);

  const Options& options_;
  Target target_;
  Progress& progress_;
  HeadDump& dump_;
  Deadline deadline_;
  std::size_t head_bytes_ = 0;
};

// While it lives, no other transfer writes to stdout.
[[nodiscard]] std::unique_lock<std::mutex> own_stdout();
// To stdout; on a terminal, control characters escaped. Throws WriteError.
void print(std::string_view text);
// A body as it would go out: where it has no length, in chunks. Throws ReadError, too.
void print_body(const Body& body);

// The heads of responses that led to one that never came; none goes into a file, which does not
// appear then. Throws WriteError.
void show_passed(const Options& options, const Target& target, HeadDump& dump,
                 std::string_view heads);

}  // namespace proto::httpget
