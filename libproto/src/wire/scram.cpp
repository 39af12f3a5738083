#include "wire/scram.h"

#include <algorithm>

#include "base/characters.h"
#include "proto/error.h"

namespace proto {

ScramKeys scram_keys(DigestAlgorithm algorithm, std::string_view password, std::string_view salt,
                     unsigned iterations) {
  std::string salted = pbkdf2(algorithm, password, salt, iterations);
  ScramKeys keys;
  keys.client_key = hmac(algorithm, salted, "Client Key");
  keys.stored_key = digest(algorithm, keys.client_key);
  keys.server_key = hmac(algorithm, salted, "Server Key");
  std::fill(salted.begin(), salted.end(), '\0');
  return keys;
}

std::string scram_proof(DigestAlgorithm algorithm, const ScramKeys& keys,
                        std::string_view auth_message) {
  std::string proof = hmac(algorithm, keys.stored_key, auth_message);
  for (std::size_t i = 0; i < proof.size(); ++i)
    proof[i] = static_cast<char>(proof[i] ^ keys.client_key[i]);
  return proof;
}

std::string_view take_scram_attribute(std::string_view& text, char name) {
  if (text.size() < 2 || text[0] != name || text[1] != '=') {
    throw ProtocolError(std::string("SCRAM: want \"") + name + "=...\", got " + quoted(text));
  }
  const auto end = std::min(text.find(','), text.size());
  const auto value = text.substr(2, end - 2);
  text.remove_prefix(std::min(end + 1, text.size()));
  return value;
}

std::string escape_scram_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescape_scram_name(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    const auto code = text.substr(i, 3);
    if (code != "=2C" && code != "=3D") throw ProtocolError("SCRAM: a name with a bare \"=\"");
    out += code == "=2C" ? ',' : '=';
    i += 2;
  }
  return out;
}

bool is_scram_nonce(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c >= 0x21 && c <= 0x7e && c != ','; });
}

}  // namespace proto
