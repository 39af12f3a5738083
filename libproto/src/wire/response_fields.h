// Fields of responses that a client acts on, each parsed to a value.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"

namespace proto {

// A name for a file in the current folder: the last part of a path ("/" or "\"), without leading
// dots, control characters and others that move text about, 255 bytes at most. Nothing where no
// name is left.
std::optional<std::string> safe_file_name(std::string_view name);
// The file name of a Content-Disposition (RFC 6266, RFC 8187: "filename*" wins), made safe.
std::optional<std::string> disposition_file_name(std::string_view content_disposition);

// The strongest of the digests that a Content-Digest or Repr-Digest field lists (RFC 9530) and that
// is known here: sha-512, sha-256. Nothing where there is none, or the field is malformed.
struct FieldDigest {
  DigestAlgorithm algorithm = DigestAlgorithm::sha256;
  std::string bytes;
};
std::optional<FieldDigest> parse_digest_field(std::string_view value);

// How long to wait (RFC 9110 §10.2.3): seconds, or until a date. Never negative; a day at most.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      std::chrono::sys_seconds now);

}  // namespace proto
