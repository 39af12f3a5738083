#include "httpget/segments.h"

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/characters.h"
#include "wire/validators.h"

namespace proto::httpget {

namespace {

// Below that another connection costs more than it brings.
constexpr std::uint64_t kLeastSegment = 1024 * 1024;

}  // namespace

Segments::Segments(const Options& options, HTTPSession& session, const SessionRequest& request,
                   Deadline deadline, Progress& progress)
    : options_(options),
      session_(session),
      request_(request),
      deadline_(deadline),
      progress_(progress) {}

std::size_t Segments::count_for(std::uint64_t size) const noexcept {
  return static_cast<std::size_t>(std::min<std::uint64_t>(options_.segments, size / kLeastSegment));
}

bool Segments::fit(const SessionResponse& whole) const {
  const auto ranges = whole.headers().get("Accept-Ranges");
  const auto etag = whole.headers().get("ETag");
  const auto tag = etag ? parse_etag(*etag) : std::nullopt;
  return options_.resume.empty() && request_.method == "GET" && !request_.body &&
         whole.status() == 200 && ranges && equals_ignoring_case(*ranges, "bytes") && tag &&
         !tag->weak && count_for(whole.content_length().value_or(0)) > 1;
}

// The calling thread reads what `whole` brings, one thread each of the ranges behind it.
void Segments::write(SessionResponse& whole, const tools::AtomicFile& file) {
  size_ = *whole.content_length();
  validator_ = *whole.headers().get("ETag");
  const std::size_t count = count_for(size_);
  if (options_.limit_rate > 0) rate_ = std::max<std::uint64_t>(1, options_.limit_rate / count);
  const std::uint64_t share = size_ / count;
  std::vector<std::jthread> threads;
  try {
    for (std::size_t i = 1; i < count; ++i) {
      const ByteRange range{i * share, i + 1 == count ? size_ - 1 : (i + 1) * share - 1};
      threads.emplace_back([this, range, &file] {
        try {
          fetch(range, file);
        } catch (...) {
          fail();
        }
      });
    }
    copy(whole, {0, share - 1}, file);
    // Nothing more of it is wanted; a server with one connection at a time goes on to the next.
    whole.close();
  } catch (...) {
    fail();
  }
  threads.clear();
  if (failure_) std::rethrow_exception(failure_);
}

// Called while an exception is handled. All of them end at once.
void Segments::fail() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
  stop_.cancel();
}

// To the first URL again: a redirect is followed by the session, which holds back what must not go
// along with it. The connection makes room for the next range's (RFC 9112 §9.6).
SessionResponse Segments::ask(ByteRange range) {
  SessionRequest part = request_;
  part.headers.set("Range",
                   "bytes=" + std::to_string(range.first) + "-" + std::to_string(range.last));
  part.headers.set("If-Range", validator_);
  part.headers.set("Connection", "close");
  part.canceller = stop_;
  try {
    return session_.request(part, deadline_);
  } catch (const NetworkError& e) {
    if (deadline_.expired()) throw;
    throw NotInSegmentsError(std::string("no connection for a range: ") + e.what());
  }
}

void Segments::fetch(ByteRange range, const tools::AtomicFile& file) {
  SessionResponse response = ask(range);
  connects_ += response.connects();
  const auto etag = response.headers().get("ETag");
  if (response.status() != 206 || etag != validator_) {
    throw NotInSegmentsError("no range of what it began with: " + response.url().to_string() +
                             ": " + std::to_string(response.status()));
  }
  const auto value = response.headers().get("Content-Range");
  const auto given = value ? parse_content_range(*value) : std::nullopt;
  if (!given || given->range != range || given->size != size_ ||
      response.content_length().value_or(range.size()) != range.size()) {
    throw HTTPFramingError("another range than asked for: " + response.url().to_string() +
                           ": want bytes " + std::to_string(range.first) + "-" +
                           std::to_string(range.last) + ", got " +
                           (value ? proto::quoted(*value) : "no Content-Range"));
  }
  copy(response, range, file);
  received_ += response.delivered();
}

void Segments::copy(SessionResponse& from, ByteRange range, const tools::AtomicFile& file) {
  const tools::AtomicFile::Place place(file, range.first);
  RateLimit rate(rate_);
  for (std::uint64_t left = range.size(); left > 0 && !stop_.cancelled();) {
    const std::uint64_t n = from.read_to_fd(place.fd(), std::min(left, rate.quantum()));
    if (n == 0) {
      throw HTTPFramingError("the range ended early: " + from.url().to_string() + ": " +
                             std::to_string(left) + " bytes are missing");
    }
    left -= n;
    progress_.add(n);
    rate.took(n, deadline_, from.peer());
  }
}

}  // namespace proto::httpget
