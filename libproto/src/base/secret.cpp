#include "proto/secret.h"

#include <cstring>
#include <utility>

namespace proto {

void wipe(void* data, std::size_t size) noexcept {
  if (size != 0) explicit_bzero(data, size);
}

Secret::Secret(std::string_view text) : data_(new char[text.size()]), size_(text.size()) {
  if (size_ != 0) std::memcpy(data_.get(), text.data(), size_);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (data_) wipe(data_.get(), size_);
}

}  // namespace proto
