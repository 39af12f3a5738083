#include "proto/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace {

// The block that is watched, and what it held when it was freed.
struct Watch {
  const void* block = nullptr;
  std::size_t size = 0;
  enum { not_freed, wiped, not_wiped } freed = not_freed;
} watched;

void look_before_freeing(const void* block) noexcept {
  if (block == nullptr || block != watched.block) return;
  const auto* bytes = static_cast<const unsigned char*>(block);
  const bool clean = std::all_of(bytes, bytes + watched.size, [](auto b) { return b == 0; });
  watched.freed = clean ? Watch::wiped : Watch::not_wiped;
  watched.block = nullptr;
}

}  // namespace

void* operator new[](std::size_t size) {
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete[](void* block) noexcept {
  look_before_freeing(block);
  std::free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  look_before_freeing(block);
  std::free(block);
}

namespace proto {
namespace {

void watch(const Secret& secret) {
  watched = {secret.reveal().data(), secret.reveal().size(), Watch::not_freed};
}
bool freed_wiped() {
  return watched.freed == Watch::wiped;
}

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

// No way to text but reveal().
static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, KeepsItsTextThroughCopiesAndMoves) {
  Secret a("pass");
  EXPECT_EQ(a.reveal(), "pass");
  const Secret b = a;
  EXPECT_EQ(b.reveal(), "pass");
  EXPECT_NE(b.reveal().data(), a.reveal().data());
  const Secret c = std::move(a);
  EXPECT_EQ(c.reveal(), "pass");
  a = b;
  EXPECT_EQ(a.reveal(), "pass");
  a = Secret();
  EXPECT_TRUE(a.empty());
  EXPECT_TRUE(Secret("").empty());
}

TEST(Secret, AMovedFromOneIsEmpty) {
  Secret a("secret");
  const Secret b(std::move(a));
  EXPECT_TRUE(a.empty());  // NOLINT: that is what is tested
  EXPECT_EQ(a.reveal(), "");
}

TEST(Secret, WipeOverwritesTheMemory) {
  std::array<char, 32> memory{};
  memory.fill('x');
  wipe(memory.data(), memory.size());
  for (const char c : memory) EXPECT_EQ(c, '\0');
  wipe(nullptr, 0);
}

TEST(Secret, IsWipedBeforeItsMemoryIsFreed) {
  {
    const Secret secret("hunter2");
    watch(secret);
  }
  EXPECT_TRUE(freed_wiped());
}

TEST(Secret, IsWipedWhenAnotherTakesItsPlace) {
  Secret secret("hunter2");
  watch(secret);
  secret = Secret("correct horse");
  EXPECT_TRUE(freed_wiped());
  EXPECT_EQ(secret.reveal(), "correct horse");
}

}  // namespace
}  // namespace proto
