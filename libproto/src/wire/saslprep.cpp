#include "wire/saslprep.h"

#include <algorithm>
#include <stdexcept>

#include "base/characters.h"
#include "proto/secret.h"
#include "wire/charset.h"

#ifdef PROTO_WITH_IDN
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#endif

namespace proto {

namespace {

void refuse_controls(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_control))
    throw std::invalid_argument("a control character in a user name or password");
}

#ifdef PROTO_WITH_IDN

struct Range {
  std::uint32_t first, last;
};

bool is_in(std::span<const Range> ranges, std::uint32_t point) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [point](const Range& r) { return point >= r.first && point <= r.last; });
}

// RFC 3454, table C.1.2: other spaces than U+0020.
constexpr Range kSpaces[] = {{0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200b},
                             {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};
// Table B.1: commonly mapped to nothing.
constexpr Range kNothing[] = {{0xad, 0xad},     {0x34f, 0x34f},   {0x1806, 0x1806},
                              {0x180b, 0x180d}, {0x200b, 0x200d}, {0x2060, 0x2060},
                              {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};
// Tables C.2 (controls), C.3 (private use), C.4 (no characters), C.5 (surrogates), C.6 and C.7 (not
// for plain or canonical text), C.8 (display), C.9 (tags). Of C.4, the last two of each plane are
// tested for elsewhere.
constexpr Range kProhibited[] = {
    {0, 0x1f},          {0x7f, 0x9f},       {0x340, 0x341},      {0x6dd, 0x6dd},
    {0x70f, 0x70f},     {0x180e, 0x180e},   {0x200c, 0x200f},    {0x2028, 0x202e},
    {0x2060, 0x2063},   {0x206a, 0x206f},   {0x2ff0, 0x2ffb},    {0xd800, 0xf8ff},
    {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xfff9, 0xfffd},    {0x1d173, 0x1d17a},
    {0xe0001, 0xe0001}, {0xe0020, 0xe007f}, {0xf0000, 0x10ffff},
};

bool is_prohibited(std::uint32_t point) noexcept {
  return (point & 0xfffeU) == 0xfffeU || is_in(kProhibited, point) || is_in(kSpaces, point);
}

// Code points as libunistring allocates them; wiped when they go.
class Points {
 public:
  explicit Points(std::string_view utf8) {
    data_ =
        u8_to_u32(reinterpret_cast<const std::uint8_t*>(utf8.data()), utf8.size(), nullptr, &size_);
    if (data_ == nullptr) throw std::bad_alloc();
  }
  Points(const Points&) = delete;
  Points& operator=(const Points&) = delete;
  ~Points() { drop(); }

  // RFC 4013 §2.1.
  void map() noexcept {
    std::uint32_t* to = data_;
    for (const std::uint32_t point : points()) {
      if (!is_in(kNothing, point)) *to++ = is_in(kSpaces, point) ? ' ' : point;
    }
    size_ = static_cast<std::size_t>(to - data_);
  }
  void normalise() {  // §2.2
    std::size_t size = 0;
    std::uint32_t* const normal = u32_normalize(UNINORM_NFKC, data_, size_, nullptr, &size);
    if (normal == nullptr) throw std::bad_alloc();
    drop();
    data_ = normal;
    size_ = size;
  }
  std::span<const std::uint32_t> points() const noexcept { return {data_, size_}; }
  std::string utf8() const {
    std::string out(size_ * 4, '\0');
    std::size_t size = out.size();
    if (u32_to_u8(data_, size_, reinterpret_cast<std::uint8_t*>(out.data()), &size) == nullptr)
      throw std::bad_alloc();
    out.resize(size);
    return out;
  }

 private:
  void drop() noexcept {
    wipe(data_, size_ * sizeof *data_);
    std::free(data_);
  }
  std::uint32_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// RFC 3454 §6: text from right to left begins and ends so, and holds none from left to right.
void check_directions(std::span<const std::uint32_t> points) {
  const auto is_right_to_left = [](std::uint32_t point) {
    const int direction = uc_bidi_category(point);
    return direction == UC_BIDI_R || direction == UC_BIDI_AL;
  };
  if (std::none_of(points.begin(), points.end(), is_right_to_left)) return;
  const bool good = is_right_to_left(points.front()) && is_right_to_left(points.back()) &&
                    std::none_of(points.begin(), points.end(), [](std::uint32_t point) {
                      return uc_bidi_category(point) == UC_BIDI_L;
                    });
  if (!good) throw std::invalid_argument("a user name or password mixes directions of writing");
}

std::string prepared(std::string_view text) {
  Points points(text);
  points.map();
  points.normalise();
  const auto all = points.points();
  if (std::any_of(all.begin(), all.end(), is_prohibited))
    throw std::invalid_argument("a character in a user name or password that may not be there");
  check_directions(all);
  return points.utf8();
}

#else

std::string prepared(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto pair = text.substr(i, 2);
    if (pair != "\xc2\xad" && pair != "\xc2\xa0") {
      out += text[i];
      continue;
    }
    if (pair == "\xc2\xa0") out += ' ';  // NO-BREAK SPACE; the other, SOFT HYPHEN, is nothing
    ++i;
  }
  return out;
}

#endif

}  // namespace

std::string saslprep(std::string_view text) {
  refuse_controls(text);
  if (is_ascii(text) || !is_valid_utf8(text)) return std::string(text);
  return prepared(text);
}

}  // namespace proto
