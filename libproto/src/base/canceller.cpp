#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "proto/deadline.h"

namespace proto {

struct Canceller::Registration::Entry {
  std::shared_ptr<Canceller::State> state;
  std::function<void()> hook;
};

struct Canceller::State {
  std::atomic<bool> cancelled = false;
  std::mutex mutex;  // held while hooks run, so that a Registration's end waits for its hook
  std::vector<Registration::Entry*> entries;
};

Canceller::Canceller() : state_(std::make_shared<State>()) {}

bool Canceller::cancelled() const noexcept {
  return state_->cancelled.load(std::memory_order_acquire);
}

void Canceller::cancel() noexcept {
  const std::lock_guard lock(state_->mutex);
  if (state_->cancelled.exchange(true)) return;
  for (Registration::Entry* entry : state_->entries) entry->hook();
}

Canceller::Registration Canceller::on_cancel(std::function<void()> hook) {
  Registration registration;
  registration.entry_ = std::make_shared<Registration::Entry>();
  registration.entry_->state = state_;
  registration.entry_->hook = std::move(hook);
  const std::lock_guard lock(state_->mutex);
  if (state_->cancelled) {
    registration.entry_->hook();
  } else {
    state_->entries.push_back(registration.entry_.get());
  }
  return registration;
}

Canceller::Registration::Registration(Registration&&) noexcept = default;

Canceller::Registration& Canceller::Registration::operator=(Registration&& other) noexcept {
  std::swap(entry_, other.entry_);
  return *this;
}

Canceller::Registration::~Registration() {
  if (!entry_) return;
  const std::lock_guard lock(entry_->state->mutex);
  std::erase(entry_->state->entries, entry_.get());
}

}  // namespace proto
