#include "unit/costs/allocations.h"

#include <cstdint>
#include <cstdlib>
#include <new>

namespace proto::test {

thread_local std::size_t allocations = 0;
thread_local std::size_t failing = SIZE_MAX;

}  // namespace proto::test

// Not inlined: g++ would see a pointer of operator new go to free().
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (proto::test::allocations++ == proto::test::failing) throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
