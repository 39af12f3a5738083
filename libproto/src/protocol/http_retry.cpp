// Trying again, and the wait before it.
#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>

#include "base/random.h"
#include "protocol/http_session_impl.h"
#include "wire/http_request.h"
#include "wire/response_fields.h"

namespace proto {

namespace {

using namespace std::chrono_literals;

std::optional<std::chrono::milliseconds> retry_after_of(const Fields& fields) {
  const auto value = fields.get("Retry-After");
  return value ? parse_retry_after(*value, now_seconds()) : std::nullopt;
}

}  // namespace

void pause_until(Canceller canceller, Deadline wake, Deadline deadline) {
  std::mutex mutex;
  std::condition_variable changed;
  const auto registration = canceller.on_cancel([&] {
    const std::lock_guard lock(mutex);
    changed.notify_all();
  });
  {
    std::unique_lock lock(mutex);
    changed.wait_until(lock, earlier(wake, deadline).when(), [&] { return canceller.cancelled(); });
  }
  if (canceller.cancelled())
    throw CancelledError("cancelled: waiting to try again", ECANCELED, Phase::none);
  if (deadline.expired())
    throw TimeoutError("waiting to try again: out of time", ETIMEDOUT, Phase::none);
}

std::chrono::milliseconds SessionExchange::delay() const {
  if (session_.options.retry.delay) return *session_.options.retry.delay;
  const std::chrono::milliseconds base =
      std::min<std::chrono::milliseconds>(1000ms * (1 << std::min(state_.retries, 10U)), 10min);
  return base -
         std::chrono::milliseconds(random_below(static_cast<std::uint64_t>(base.count() / 4)));
}

void SessionExchange::pause(std::chrono::milliseconds span) {
  ++state_.retries;
  session_.log("waiting " + std::to_string(span.count()) + " ms, then retry " +
               std::to_string(state_.retries));
  pause_until(state_.canceller(), Deadline::after(span), state_.deadline);
}

bool SessionExchange::retry_after_status() {
  const int status = state_.response.status();
  const bool transient =
      status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
  const RetryPolicy& policy = session_.options.retry;
  if (!transient || state_.retries >= policy.max_retries || no_retry_after_.expired()) return false;
  const bool undone =
      policy.undone_of_any_method && (status == 408 || status == 429 || status == 503);
  if (!state_.request.may_retry.value_or(undone || is_idempotent(state_.request.method)))
    return false;
  const auto asked = retry_after_of(state_.response.headers());
  const auto span = asked ? *asked : delay();
  if (Deadline::after(span).when() >= earlier(no_retry_after_, state_.deadline).when())
    return false;
  discard_body();
  pause(span);
  return true;
}

bool SessionExchange::retry_after(const std::exception& error) {
  const RetryPolicy& policy = session_.options.retry;
  if (state_.retries >= policy.max_retries || no_retry_after_.expired() ||
      state_.deadline.expired())
    return false;
  const bool repeatable =
      state_.request.may_retry.value_or(is_idempotent(state_.request.method)) || !sent_;
  if (!repeatable || dynamic_cast<const CancelledError*>(&error) != nullptr) return false;
  const auto* resolve = dynamic_cast<const ResolveError*>(&error);
  const auto* network = dynamic_cast<const NetworkError*>(&error);
  const bool transient = resolve != nullptr ? resolve->temporary()
                         : dynamic_cast<const ConnectError*>(&error) != nullptr
                             ? policy.refused
                             : network != nullptr;
  const bool any = policy.all_errors && dynamic_cast<const Error*>(&error) != nullptr;
  if (!transient && !any) return false;
  const auto span = delay();
  if (Deadline::after(span).when() >= earlier(no_retry_after_, state_.deadline).when())
    return false;
  pause(span);
  return true;
}

}  // namespace proto
