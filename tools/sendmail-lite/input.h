// The message on standard input.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace proto::sendmail {

// Fills `into`; 0: the end. Throws where it cannot.
using Reader = std::function<std::size_t(std::span<char> into)>;

// Reads to the end, or up to a line with only a dot on it where `dot_ends` (it is not part of the
// message). Line ends stay as they are: LF, CRLF, or a mixture.
std::string read_message(const Reader& reader, bool dot_ends);

// From a descriptor; throws std::system_error.
Reader reader_of(int fd);

}  // namespace proto::sendmail
