#include "wire/smtp_data.h"

#include <cstring>

#include "wire/line_ends.h"
#include "wire/scan.h"

namespace proto {

void DataBlock::append(std::string_view text) {
  if (text.empty()) return;
  if (text.size() >= kMinView) {
    parts_[count_++] = text;
    size_ += text.size();
    return;
  }
  std::memcpy(scratch_.data() + used_, text.data(), text.size());
  commit(text.size());
}

void DataBlock::commit(std::size_t bytes) noexcept {
  if (bytes == 0) return;
  const char* begin = scratch_.data() + used_;
  used_ += bytes;
  size_ += bytes;
  if (count_ > 0 && parts_[count_ - 1].data() + parts_[count_ - 1].size() == begin) {
    parts_[count_ - 1] = {parts_[count_ - 1].data(), parts_[count_ - 1].size() + bytes};
  } else {
    parts_[count_++] = {begin, bytes};
  }
}

std::size_t DataEncoder::encode(std::string_view text, DataBlock& block) {
  const char* p = text.data();
  const char* const end = p + text.size();
  if (pending_cr_ && p != end && block.has_room()) {
    pending_cr_ = false;
    if (*p == '\n') ++p;
    end_line(block);
  }
  while (p != end && block.has_room()) {
    const std::size_t clean = clean_run({p, end}, DataBlock::kFullBytes - block.size());
    if (clean >= DataBlock::kMinView) {
      block.append({p, clean});
      p += clean;
      line_start_ = p[-1] == '\n';
    } else {
      p = copy_lines(p, end, block);
    }
  }
  return static_cast<std::size_t>(p - text.data());
}

void DataEncoder::finish(DataBlock& block) {
  if (pending_cr_ || !line_start_) end_line(block);
  pending_cr_ = false;
  if (stuff_) block.append(".\r\n");
}

void DataEncoder::end_line(DataBlock& block) {
  block.append("\r\n");
  line_start_ = true;
}

// How much of the front of `text`, of which `most` may go now, can go out as it is.
std::size_t DataEncoder::clean_run(std::string_view text, std::size_t most) const noexcept {
  if (line_start_ && stuff_ && text.front() == '.') return 0;
  return clean_size(text.substr(0, most), stuff_ ? LineDots::stuffed : LineDots::any);
}

// Most mail that is written on this machine ends its lines in LF: each run is one short line then,
// and copying it while looking for its end is cheaper than a view of it.
const char* DataEncoder::copy_lines(const char* p, const char* end, DataBlock& block) {
  const std::span<char> tail = block.tail();
  char* out = tail.data();
  const char* const last = tail.data() + tail.size() - 64;  // above what one round writes
  while (p != end && out < last) {
    if (line_start_ && stuff_ && *p == '.') *out++ = '.';
    line_start_ = false;
#if defined(__SSE2__)
    unsigned low = 0;
    while (low == 0 && end - p >= 32 && out < last) {
      const __m128i a = detail::load16(p), b = detail::load16(p + 16);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), a);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16), b);
      low = detail::low_bytes(a) | detail::low_bytes(b) << 16;
      const int clean = std::countr_zero(low);  // 32 where there are none
      p += clean, out += clean;
    }
    if (p == end || out >= last) break;
#endif
    const char c = *p++;
    if (c == '\r' && p == end) {
      pending_cr_ = true;
      break;
    }
    if (c == '\r' && *p == '\n') ++p;
    if (c == '\r' || c == '\n') {
      *out++ = '\r', *out++ = '\n';
      line_start_ = true;
    } else {
      *out++ = c;
    }
  }
  block.commit(static_cast<std::size_t>(out - tail.data()));
  return p;
}

}  // namespace proto
