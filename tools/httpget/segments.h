// --segments: one large body, fetched as several ranges at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>

#include "common/atomic_file.h"
#include "httpget/options.h"
#include "httpget/progress.h"
#include "proto/http_session.h"
#include "wire/byte_range.h"

namespace proto::httpget {

// The server gave something else than a range of what it began with: another resource, the whole
// of it, a refusal, or no connection. One stream gets it all the same.
class NotInSegmentsError : public Error {
 public:
  using Error::Error;
};

// The body of `request`, whose first response is there already and brings the first part.
class Segments {
 public:
  // What is referred to must outlive it.
  Segments(const Options& options, HTTPSession& session, const SessionRequest& request,
           Deadline deadline, Progress& progress);

  // For the request that brings the first part: a range that fails ends it, too.
  const Canceller& canceller() const noexcept { return stop_; }
  // The response is a whole resource that is large enough and may be taken apart: it has a strong
  // validator and a length, and the server says that it gives ranges (RFC 9110 §14.3).
  bool fit(const SessionResponse& whole) const;
  // Writes the whole body. The rest of `whole` is left unread, and its connection closed. Throws
  // NotInSegmentsError, HTTPFramingError where a range is not the one asked for, and what reading
  // throws.
  void write(SessionResponse& whole, const tools::AtomicFile& file);
  // Bytes and connections of the ranges, without those of the first response.
  std::uint64_t received() const noexcept { return received_; }
  unsigned connects() const noexcept { return connects_; }

 private:
  std::size_t count_for(std::uint64_t size) const noexcept;
  SessionResponse ask(ByteRange range);
  void fetch(ByteRange range, const tools::AtomicFile& file);
  void copy(SessionResponse& from, ByteRange range, const tools::AtomicFile& file);
  void fail() noexcept;

  const Options& options_;
  HTTPSession& session_;
  const SessionRequest& request_;
  const Deadline deadline_;
  Progress& progress_;
  std::string validator_;
  std::uint64_t size_ = 0;
  std::uint64_t rate_ = 0;  // each segment's share of --limit-rate
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<unsigned> connects_ = 0;
  Canceller stop_;              // ends all of them
  std::mutex mutex_;            // guards what follows
  std::exception_ptr failure_;  // the first one
};

}  // namespace proto::httpget
