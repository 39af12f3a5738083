// A string that no formatter prints and that is wiped when it goes.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace proto {

class Secret {
 public:
  Secret() noexcept = default;
  explicit Secret(std::string_view text);
  Secret(const Secret& other) : Secret(other.reveal()) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  bool empty() const noexcept { return size_ == 0; }
  // The one way to the text. The view dies with this object; wipe what you copy it into.
  std::string_view reveal() const noexcept { return {data_.get(), size_}; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
};

// Overwrites memory in a way that the compiler keeps.
void wipe(void* data, std::size_t size) noexcept;

}  // namespace proto
