#include "wire/byte_range.h"

#include <algorithm>
#include <limits>

#include "base/characters.h"
#include "base/integers.h"
#include "wire/list.h"

namespace proto {

namespace {

constexpr std::uint64_t kMaxPosition = std::numeric_limits<std::int64_t>::max();

// One "first-last", "first-" or "-suffix", cut to `size`. False: malformed. Nothing in `range`:
// there is no such part.
bool parse_spec(std::string_view spec, std::uint64_t size, std::optional<ByteRange>& range) {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return false;
  const auto right = parse_decimal(spec.substr(dash + 1), kMaxPosition);
  range.reset();
  if (dash == 0) {
    if (!right) return false;
    if (*right > 0 && size > 0) range = {size - std::min(*right, size), size - 1};
    return true;
  }
  const auto left = parse_decimal(spec.substr(0, dash), kMaxPosition);
  if (!left || (!right && dash + 1 != spec.size()) || (right && *right < *left)) return false;
  if (*left < size) range = {*left, std::min(right.value_or(size - 1), size - 1)};
  return true;
}

}  // namespace

RangeAnswer parse_range(std::string_view value, std::uint64_t size, std::size_t max_ranges) {
  using Kind = RangeAnswer::Kind;
  constexpr std::string_view unit = "bytes=";
  if (!starts_with_ignoring_case(value, unit)) return {};
  value.remove_prefix(unit.size());
  RangeAnswer answer;
  std::uint64_t total = 0;
  std::size_t count = 0;
  std::string_view member;
  while (next_member(value, member)) {
    if (member.empty()) continue;
    std::optional<ByteRange> range;
    if (++count > max_ranges || !parse_spec(member, size, range)) return {};
    if (!range) continue;
    if (range->size() > size - total) return {};
    total += range->size();
    answer.ranges.push_back(*range);
  }
  if (count == 0) return {};
  answer.kind = answer.ranges.empty() ? Kind::unsatisfiable : Kind::partial;
  return answer;
}

std::optional<ContentRange> parse_content_range(std::string_view value) noexcept {
  constexpr std::string_view unit = "bytes ";
  if (!starts_with_ignoring_case(value, unit)) return std::nullopt;
  value = trim(value.substr(unit.size()));
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view range = value.substr(0, slash);
  const std::string_view size = value.substr(slash + 1);
  ContentRange result;
  if (size != "*") {
    result.size = parse_decimal(size, kMaxPosition);
    if (!result.size) return std::nullopt;
  }
  if (range == "*") return result.size ? std::optional(result) : std::nullopt;
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_decimal(range.substr(0, dash), kMaxPosition);
  const auto last = parse_decimal(range.substr(dash + 1), kMaxPosition);
  if (!first || !last || *last < *first || (result.size && *last >= *result.size))
    return std::nullopt;
  result.range = ByteRange{*first, *last};
  return result;
}

std::string format_content_range(const std::optional<ByteRange>& range, std::uint64_t size) {
  std::string text = "bytes ";
  text += range ? std::to_string(range->first) + "-" + std::to_string(range->last) : "*";
  return text + "/" + std::to_string(size);
}

}  // namespace proto
