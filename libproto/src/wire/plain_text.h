// ASCII without NUL: text that asks nothing of a mail server.
#pragma once

#include <string_view>

namespace proto {

bool is_plain_text(std::string_view text) noexcept;

// Both ways to tell, whichever this machine takes.
bool is_plain_text_baseline(std::string_view text) noexcept;
#if defined(__x86_64__)
bool is_plain_text_avx2(std::string_view text) noexcept;  // where has_avx2()
#endif

}  // namespace proto
