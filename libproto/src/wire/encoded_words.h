// RFC 2047, reading, for text that is unfolded already.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/header_text.h"

namespace proto {

// As decode_header_text(), but keeps blanks at the ends.
std::string decode_encoded_words(std::string_view text, std::size_t max_bytes = kMaxHeaderText);

}  // namespace proto
