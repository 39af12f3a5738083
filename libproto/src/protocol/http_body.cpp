#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "base/characters.h"
#include "proto/http.h"

namespace proto {

Body Body::from_source(Source source, std::optional<std::uint64_t> length) {
  Body body;
  body.source_ = std::move(source);
  body.length_ = length;
  body.present_ = true;
  return body;
}

Body Body::from_file(const std::string& path) {
  const auto fail = [&path](int code) {
    throw ReadError("cannot read " + escaped(path) + ": " + std::generic_category().message(code),
                    code);
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(errno);
  struct stat status {};
  const std::shared_ptr<const int> file(new int(fd), [](const int* f) {
    ::close(*f);
    delete f;
  });
  if (::fstat(fd, &status) != 0) fail(errno);
  if (S_ISDIR(status.st_mode)) fail(EISDIR);
  auto source = [file, fail](std::span<char> into) -> std::size_t {
    for (;;) {
      const ssize_t n = ::read(*file, into.data(), into.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) fail(errno);
    }
  };
  if (!S_ISREG(status.st_mode)) return from_source(std::move(source));
  return from_source(std::move(source), static_cast<std::uint64_t>(status.st_size));
}

}  // namespace proto
