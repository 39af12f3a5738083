// Where a response goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/atomic_file.h"
#include "common/text.h"
#include "httpget/options.h"
#include "proto/http.h"
#include "proto/url.h"

namespace proto::httpget {

// The body passes --max-filesize.
class TooLargeError : public LimitError {
 public:
  using LimitError::LimitError;
};

// How far a body is, on stderr, a few times a second.
class Progress {
 public:
  explicit Progress(bool shown) : shown_(shown) {}
  void update(std::uint64_t received, std::optional<std::uint64_t> total);
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  bool shown_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_{};
};

// Keeps a transfer at a rate by sleeping where it is ahead.
class RateLimit {
 public:
  explicit RateLimit(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}
  // What may be asked for at once.
  std::uint64_t quantum() const noexcept;
  // Says that `size` more came; returns when the rate allows more, or at the deadline.
  void took(std::uint64_t size, Deadline deadline);

 private:
  std::uint64_t rate_;
  std::uint64_t total_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The file that the options name for the nth URL; nothing: stdout. Throws UsageError, URLError.
std::optional<std::string> output_path(const Options& options, const URL& url, std::size_t index);

// Writes a response's head and body where the options say. Throws WriteError.
class Output {
 public:
  Output(const Options& options, std::optional<std::string> path);

  // Reads the whole body. `deadline` bounds the sleeping of a rate limit. False: a status for which
  // FILE must not appear; what there was of a body went to stdout, or nowhere (-f).
  bool write(HTTPResponse& response, Deadline deadline);

 private:
  void write_head(const HTTPResponse& response);
  void write_body(HTTPResponse& response, int fd, bool to_file, Deadline deadline);
  void print(std::string_view text);

  const Options& options_;
  std::optional<std::string> path_;
};

}  // namespace proto::httpget
