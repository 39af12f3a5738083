// Text that ends at an unreadable page: whoever reads behind its end is ended by a fault.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace proto::test {

// Holds one text of up to a page at a time.
class AtPageEnd {
 public:
  AtPageEnd() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    void* const memory =
        mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    memory_ = static_cast<char*>(memory);
    if (mprotect(memory_ + page_, page_, PROT_NONE) != 0) std::abort();
  }
  ~AtPageEnd() { munmap(memory_, 2 * page_); }
  AtPageEnd(const AtPageEnd&) = delete;
  AtPageEnd& operator=(const AtPageEnd&) = delete;

  std::string_view put(std::string_view text) {
    if (text.size() > page_) std::abort();
    char* const at = memory_ + page_ - text.size();
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

 private:
  std::size_t page_;
  char* memory_;
};

}  // namespace proto::test
