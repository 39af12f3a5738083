// What operator new gives out in this program, counted by thread, and made to fail.
#pragma once

#include <cstddef>

namespace proto::test {

extern thread_local std::size_t allocations;
// Of this thread; the one with this number fails.
extern thread_local std::size_t failing;

}  // namespace proto::test
