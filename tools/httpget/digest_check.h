// Digests that a body must have: --sha256's, and those of the response's own fields (RFC 9530).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "httpget/options.h"
#include "proto/http_session.h"

namespace proto::httpget {

// What arrived has another digest than it should.
class DigestError : public Error {
 public:
  using Error::Error;
};

// The part of a file that a body goes on with.
struct Begun {
  std::string path;
  std::uint64_t size = 0;
};

class DigestCheck {
 public:
  // What has a digest of the whole is taken together with what had `begun`. Throws ReadError.
  DigestCheck(const Options& options, const SessionResponse& response, const Begun& begun);
  bool active() const noexcept { return !wanted_.empty(); }
  void update(std::string_view data);
  // Throws DigestError.
  void finish();

 private:
  void want(std::string name, std::string bytes, DigestAlgorithm algorithm, const Begun& begun);

  struct Wanted {
    std::string name;
    std::string bytes;
    Digest digest;
  };
  std::string where_;
  std::vector<Wanted> wanted_;
};

// --sha256 of a file that has been there already. Throws DigestError, ReadError.
void check_file(const Options& options, const std::string& path);

}  // namespace proto::httpget
