// How every parser test feeds its parser: whole, cut at each offset, byte by byte. The result must
// not depend on it.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "proto/error.h"

namespace proto::test {

using Pieces = std::vector<std::string_view>;

// `run()`'s text, or the type and message of what it throws.
template <typename Run>
std::string outcome(Run run) {
  try {
    return run();
  } catch (const ProtocolError& e) {
    return std::string("ProtocolError: ") + e.what();
  } catch (const LimitError& e) {
    return std::string("LimitError: ") + e.what();
  } catch (const ClosedError& e) {
    return std::string("ClosedError: ") + e.what();
  } catch (const std::exception& e) {
    return std::string("exception: ") + e.what();
  }
}

// Calls `run(pieces)` for every way to cut `input`; `run` feeds a fresh parser piece by piece and
// describes the result. Each piece stands in memory of its own size, so that a sanitizer sees an
// over-read. Returns the one outcome.
template <typename Run>
std::string however_cut(std::string_view input, Run run) {
  const auto feed = [&](std::vector<std::size_t> cuts) {
    std::vector<std::vector<char>> owned;
    std::size_t begin = 0;
    cuts.push_back(input.size());
    for (const std::size_t end : cuts) {
      owned.emplace_back(input.begin() + static_cast<std::ptrdiff_t>(begin),
                         input.begin() + static_cast<std::ptrdiff_t>(end));
      begin = end;
    }
    Pieces pieces;
    for (const auto& o : owned) pieces.emplace_back(o.data(), o.size());
    return outcome([&] { return run(pieces); });
  };
  const std::string whole = feed({});
  const std::size_t step = input.size() / 2048 + 1;  // long inputs: a sample of the cuts
  for (std::size_t cut = 0; cut <= input.size(); cut += step) {
    EXPECT_EQ(feed({cut}), whole) << "cut at " << cut;
  }
  std::vector<std::size_t> each;
  for (std::size_t i = 1; i < input.size() && input.size() < 65536; ++i) each.push_back(i);
  EXPECT_EQ(feed(each), whole) << "byte by byte";
  return whole;
}

}  // namespace proto::test
