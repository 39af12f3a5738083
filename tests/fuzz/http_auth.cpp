// Challenges: whatever a server says, an answer is safe to send and quotes balance.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/http_auth.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto challenges = proto::parse_challenges(input);
  if (challenges.size() > size) std::abort();
  const auto choice = proto::choose_auth(challenges, {.bearer = true});
  if (!choice || choice->scheme != proto::AuthScheme::digest) return 0;
  proto::DigestAuth auth(choice->digest, "us\"er", proto::Secret("password"), "cnonce");
  const std::string answer = auth.authorization("GET", "/a?b");
  const auto read_back = proto::parse_challenges(answer);
  if (read_back.size() != 1 || read_back[0].find("realm") == nullptr ||
      *read_back[0].find("realm") != choice->digest.realm)
    std::abort();
  auth.take_info(input);
  auth.authorization("POST", "/", "body");
  return 0;
}
