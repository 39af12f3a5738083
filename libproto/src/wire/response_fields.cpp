#include "wire/response_fields.h"

#include <algorithm>

#include "base/base64.h"
#include "base/characters.h"
#include "base/integers.h"
#include "proto/header_text.h"
#include "wire/charset.h"
#include "wire/http_date.h"
#include "wire/list.h"

namespace proto {

std::optional<std::string> safe_file_name(std::string_view name) {
  constexpr std::size_t max_bytes = 255;
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string safe = escaped(name);
  std::replace(safe.begin(), safe.end(), '\\', '_');
  safe.erase(0, safe.find_first_not_of(". "));
  safe = cut_utf8(safe, max_bytes);
  safe.erase(safe.find_last_not_of(". ") + 1);
  if (safe.empty()) return std::nullopt;
  return safe;
}

std::optional<std::string> disposition_file_name(std::string_view content_disposition) {
  const ParameterizedValue value = parse_parameters(content_disposition);
  const std::string* const name = value.find("filename");
  return name == nullptr ? std::nullopt : safe_file_name(*name);
}

std::optional<FieldDigest> parse_digest_field(std::string_view value) {
  std::optional<FieldDigest> best;
  std::string_view member;
  while (next_member(value, member)) {
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = member.substr(0, equals);
    std::string_view text = member.substr(equals + 1);
    // A byte sequence (RFC 8941 §3.3.5), and parameters that mean nothing here.
    const std::size_t end = text.starts_with(':') ? text.find(':', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view behind = trim(text.substr(end + 1));
    if (!behind.empty() && behind.front() != ';') return std::nullopt;
    auto bytes = base64_decode(text.substr(1, end - 1));
    if (!bytes) return std::nullopt;
    const bool longer = key == "sha-512";
    if (!longer && key != "sha-256") continue;
    if (bytes->size() != (longer ? 64U : 32U)) return std::nullopt;
    const bool have_longer = best && best->algorithm == DigestAlgorithm::sha512;
    if (!longer && have_longer) continue;
    best.emplace();
    best->algorithm = longer ? DigestAlgorithm::sha512 : DigestAlgorithm::sha256;
    best->bytes = std::move(*bytes);
  }
  return best;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      std::chrono::sys_seconds now) {
  using std::chrono::seconds;
  constexpr seconds most = std::chrono::hours(24);
  const bool digits = !value.empty() && std::all_of(value.begin(), value.end(), is_digit);
  if (digits) {
    const auto wait = parse_decimal(value, static_cast<std::uint64_t>(most.count()));
    return wait ? seconds(static_cast<std::int64_t>(*wait)) : most;
  }
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::clamp(*date - now, seconds(0), most);
}

}  // namespace proto
