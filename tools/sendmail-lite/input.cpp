#include "sendmail-lite/input.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace proto::sendmail {
namespace {

// Where the line with only a dot begins, from the line that begins at `from` on; npos: nowhere yet.
// `from` becomes the begin of the last line, which may go on.
std::size_t find_lone_dot(std::string_view text, std::size_t& from) {
  for (;;) {
    const std::size_t end = text.find('\n', from);
    if (end == std::string_view::npos) return end;
    std::string_view line = text.substr(from, end - from);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == ".") return from;
    from = end + 1;
  }
}

}  // namespace

std::string read_message(const Reader& reader, bool dot_ends) {
  std::string text;
  std::size_t line = 0;
  std::size_t chunk = 16 * 1024;
  for (;;) {
    const std::size_t size = text.size();
    text.resize(size + chunk);
    const std::size_t n = reader(std::span(text).subspan(size));
    text.resize(size + n);
    if (n == 0) break;
    if (n == chunk) chunk = std::min<std::size_t>(chunk * 2, 1024 * 1024);
    if (!dot_ends) continue;
    if (const std::size_t dot = find_lone_dot(text, line); dot != std::string::npos) {
      text.resize(dot);
      return text;
    }
  }
  if (dot_ends && std::string_view(text).substr(line) == ".") text.resize(line);
  return text;
}

Reader reader_of(int fd) {
  return [fd](std::span<char> into) {
    for (;;) {
      const ssize_t n = ::read(fd, into.data(), into.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      // Whoever gave us the descriptor may have left it non-blocking.
      pollfd one{fd, POLLIN, 0};
      if (errno == EAGAIN && ::poll(&one, 1, -1) >= 0) continue;
      if (errno != EINTR)
        throw std::system_error(errno, std::generic_category(), "cannot read the message");
    }
  };
}

}  // namespace proto::sendmail
