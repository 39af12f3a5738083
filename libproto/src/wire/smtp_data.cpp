#include "wire/smtp_data.h"

#include <cstring>

#include "wire/scan.h"

namespace proto {
namespace {

#if defined(__SSE2__)
// Which of 16 bytes are CR or below: line ends, and rarely a tab.
unsigned low_bytes(__m128i bytes) noexcept {
  return detail::mask_of(_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8('\r')), bytes));
}
#endif

// The first CR or LF in [p, end), or `end`.
const char* find_line_end(const char* p, const char* end) noexcept {
  for (;;) {
#if defined(__SSE2__)
    while (end - p >= 32) {
      const unsigned low = low_bytes(detail::load16(p)) | low_bytes(detail::load16(p + 16)) << 16;
      p += std::countr_zero(low);
      if (low != 0) break;
    }
#endif
    if (p == end || *p == '\r' || *p == '\n') return p;
    ++p;
  }
}

bool has_eight_bit(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
#if defined(__SSE2__)
  for (; end - p >= 64; p += 64) {
    const __m128i front = _mm_or_si128(detail::load16(p), detail::load16(p + 16));
    const __m128i back = _mm_or_si128(detail::load16(p + 32), detail::load16(p + 48));
    if (detail::mask_of(_mm_or_si128(front, back)) != 0) return true;
  }
#endif
  return std::any_of(p, end, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

std::uint64_t count_lf(std::string_view text) noexcept {
  std::uint64_t count = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
#if defined(__SSE2__)
  while (end - p >= 16) {
    // Sixteen counters of a byte each: they hold for 255 rounds.
    __m128i counters = _mm_setzero_si128();
    for (int round = 0; round < 255 && end - p >= 16; ++round, p += 16) {
      counters = _mm_sub_epi8(counters, _mm_cmpeq_epi8(detail::load16(p), _mm_set1_epi8('\n')));
    }
    const __m128i sums = _mm_sad_epu8(counters, _mm_setzero_si128());
    count += static_cast<std::uint64_t>(_mm_cvtsi128_si32(sums)) +
             static_cast<std::uint64_t>(_mm_extract_epi16(sums, 4));
  }
#endif
  return count + static_cast<std::uint64_t>(std::count(p, end, '\n'));
}

// Where the last line end in `text` stands, or npos.
std::size_t find_last_line_end(std::string_view text) noexcept {
  for (const char c : {'\n', '\r'}) {
    const void* const at = ::memrchr(text.data(), c, text.size());
    if (at != nullptr) return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
  }
  return std::string_view::npos;
}

}  // namespace

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
    const std::ptrdiff_t most = static_cast<std::ptrdiff_t>(DataBlock::kFullBytes - block.size());
    const char* const clean = clean_run(p, p + std::min(end - p, most));
    if (static_cast<std::size_t>(clean - p) >= DataBlock::kMinView) {
      block.append({p, clean});
      line_start_ = clean[-1] == '\n';
      p = clean;
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

// How far [p, end) can go out as it is.
const char* DataEncoder::clean_run(const char* p, const char* end) const noexcept {
  bool line_start = line_start_;
  for (;;) {
    if (p == end || (line_start && stuff_ && *p == '.')) return p;
    p = find_line_end(p, end);
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n') return p;
    p += 2;
    line_start = true;
  }
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
    if (end - p >= 32) {
      const __m128i a = detail::load16(p), b = detail::load16(p + 16);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), a);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16), b);
      const unsigned low = low_bytes(a) | low_bytes(b) << 16;
      const int clean = std::countr_zero(low);  // 32 where there are none
      p += clean, out += clean;
      if (low == 0) continue;
    }
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

void DataScanner::feed(std::string_view piece) {
  if (piece.empty()) return;
  if (in_header_) scan_header(piece);
  if (!traits_.eight_bit) traits_.eight_bit = has_eight_bit(piece);
  if (!traits_.nul) traits_.nul = piece.find('\0') != std::string_view::npos;
  if (!traits_.long_line) scan_line_lengths(piece);
  count_line_feeds(piece);
  bytes_ += piece.size();
  last_ = piece.back();
}

DataTraits DataScanner::finish() const {
  DataTraits traits = traits_;
  traits.wire_bytes = bytes_ + lf_ + (last_ == '\n' ? 0U : last_ == '\r' ? 1U : 2U);
  return traits;
}

// The first line tells how all of them end; where it does not, the sum is an estimate, which is
// what SIZE asks for (RFC 1870 §5).
void DataScanner::count_line_feeds(std::string_view piece) {
  if (line_end_ == LineEnd::unknown) {
    const std::size_t at = piece.find('\n');
    if (at == std::string_view::npos) return;
    const char before = at > 0 ? piece[at - 1] : last_;
    line_end_ = before == '\r' ? LineEnd::crlf : LineEnd::lf;
  }
  if (line_end_ == LineEnd::lf) {
    lf_ += count_lf(piece);
  }
}

// Up to the first empty line.
void DataScanner::scan_header(std::string_view piece) {
  while (in_header_ && !piece.empty()) {
    const std::size_t end = piece.find('\n');
    const std::string_view line = piece.substr(0, end);
    if (has_eight_bit(line)) traits_.eight_bit_header = true;
    if (!line.empty() && line != "\r") header_line_empty_ = false;
    if (end == std::string_view::npos) return;
    in_header_ = !header_line_empty_;
    header_line_empty_ = true;
    piece.remove_prefix(end + 1);
  }
}

// From line end to line end in leaps as long as a line may be: most bytes are never looked at.
void DataScanner::scan_line_lengths(std::string_view piece) {
  std::size_t begin = 0;  // of a line, whose first line_bytes_ bytes were in pieces before
  for (;;) {
    const std::size_t most =
        kMaxSMTPTextLineBytes + 1 - std::min<std::uint64_t>(line_bytes_, kMaxSMTPTextLineBytes + 1);
    const std::string_view window = piece.substr(begin, most);
    const std::size_t end = find_last_line_end(window);
    if (end != std::string_view::npos) {
      begin += end + 1;
      line_bytes_ = 0;
      continue;
    }
    line_bytes_ += window.size();
    traits_.long_line = line_bytes_ > kMaxSMTPTextLineBytes;
    if (traits_.long_line || begin + window.size() >= piece.size()) return;
  }
}

DataTraits scan_message(std::string_view message) {
  DataScanner scanner;
  scanner.feed(message);
  return scanner.finish();
}

}  // namespace proto
