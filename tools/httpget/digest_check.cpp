#include "httpget/digest_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "base/base64.h"
#include "base/characters.h"
#include "wire/response_fields.h"

namespace proto::httpget {

namespace {

// The first `size` bytes of a file, piece by piece.
template <typename F>
void read_beginning(const std::string& path, std::uint64_t size, F take) {
  if (size == 0) return;
  const auto fail = [&path](int code) {
    throw ReadError("cannot read " + escaped(path) + ": " + std::generic_category().message(code),
                    code);
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(errno);
  const std::unique_ptr<const int, void (*)(const int*)> owner(&fd,
                                                               [](const int* f) { ::close(*f); });
  std::string buffer(std::size_t{256} * 1024, '\0');
  while (size > 0) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer.size()));
    const ssize_t n = ::read(fd, buffer.data(), most);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno);
    if (n == 0) break;
    take(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    size -= static_cast<std::uint64_t>(n);
  }
}

}  // namespace

void DigestCheck::want(std::string name, std::string bytes, DigestAlgorithm algorithm,
                       const Begun& begun) {
  Wanted& wanted = wanted_.emplace_back(std::move(name), std::move(bytes), Digest(algorithm));
  read_beginning(begun.path, begun.size,
                 [&](std::string_view piece) { wanted.digest.update(piece); });
}

DigestCheck::DigestCheck(const Options& o, const SessionResponse& response, const Begun& begun)
    : where_(response.url().to_string()) {
  if (response.status() / 100 != 2) return;
  if (!o.sha256.empty()) want("--sha256", *hex_decode(o.sha256), DigestAlgorithm::sha256, begun);
  // Both fields are about coded bytes; a part of a representation, unless the rest of it is there
  // already, has no digest of the whole.
  const bool decoded = o.compressed && response.headers().contains("Content-Encoding");
  if (decoded || o.head_only) return;
  const auto take = [&](const char* name, const Begun& before) {
    const auto value = response.headers().combined(name);
    const auto digest = value ? parse_digest_field(*value) : std::nullopt;
    if (digest) want(name, digest->bytes, digest->algorithm, before);
  };
  take("Content-Digest", Begun());
  if (response.status() == 200 || begun.size > 0) take("Repr-Digest", begun);
}

void DigestCheck::update(std::string_view data) {
  for (Wanted& w : wanted_) w.digest.update(data);
}

void DigestCheck::finish() {
  for (Wanted& w : wanted_) {
    const std::string got = w.digest.finish();
    if (got != w.bytes) {
      throw DigestError("wrong digest: " + where_ + ": got " + hex_encode(got) + ", and " + w.name +
                        " wants " + hex_encode(w.bytes));
    }
  }
}

void check_file(const Options& o, const std::string& path) {
  if (o.sha256.empty()) return;
  Digest digest(DigestAlgorithm::sha256);
  read_beginning(path, UINT64_MAX, [&](std::string_view piece) { digest.update(piece); });
  const std::string got = hex_encode(digest.finish());
  if (got != lower(o.sha256)) {
    throw DigestError("wrong digest: " + escaped(path) + ": got " + got + ", and --sha256 wants " +
                      lower(o.sha256));
  }
}

}  // namespace proto::httpget
