// Two scans of what POP3 sends, many bytes at a time, each both ways: for any machine and for one
// with AVX2. No read goes past `end`.
#pragma once

namespace proto {

// The first LF in [p, end) that a dot follows there, or `end`.
const char* find_line_with_dot(const char* p, const char* end) noexcept;

// The first byte in [p, end) that begins a line, behind LF, CRLF or CR, and is `letter` in either
// case, or a CR or LF, which make it an empty line; or `end`. One byte must stand before `p`.
// Where `letter` is none, what differs from it in the bit of a letter's case may be found, too.
const char* find_line_by_letter(const char* p, const char* end, char letter) noexcept;

// What these are made of.
namespace detail {
const char* find_line_with_dot_baseline(const char* p, const char* end) noexcept;
const char* find_line_by_letter_baseline(const char* p, const char* end, char letter) noexcept;
#if defined(__x86_64__)
const char* find_line_with_dot_avx2(const char* p, const char* end) noexcept;
const char* find_line_by_letter_avx2(const char* p, const char* end, char letter) noexcept;
#endif
}  // namespace detail

}  // namespace proto
