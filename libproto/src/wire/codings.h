// Content codings (RFC 9110 §8.4.1), decoded as they arrive: gzip, deflate, br, zstd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proto {

// What a decoder may make of a body. A bomb is known by its ratio, or by what comes out.
struct CodingLimits {
  std::uint64_t max_output_bytes = ~std::uint64_t{0};  // all together
  // Out to in. Real text stays below 100; deflate reaches 1,032, which only a bomb does for long.
  std::uint64_t max_ratio = 500;
  std::uint64_t free_bytes = std::uint64_t{8} << 20;  // so much may come out at any ratio
  std::size_t max_codings = 5;
};

// One coding. Decoded bytes are handed over piece by piece, so that memory stays bounded.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // Decodes from the front of `in` and takes off what it used; gives decoded bytes, valid until the
  // next call. To be called until it gives none: then `in` is used up, and nothing is held back.
  // Throws ProtocolError for what is not of this coding.
  virtual std::string_view decode(std::string_view& in) = 0;
  // The coded bytes ended. Throws ProtocolError where more was due; no byte at all is an empty
  // body.
  virtual void finish() = 0;
};

// For "gzip", "x-gzip", "deflate" (zlib's format, or raw as some send it), "br", "zstd", as far as
// they are built in; null for anything else. The library behind it begins its work with the first
// byte.
std::unique_ptr<Decoder> make_decoder(std::string_view coding);
// What to put into Accept-Encoding.
std::string_view known_codings() noexcept;

// All codings of a Content-Encoding, undone last to first.
class ContentDecoder {
 public:
  // `codings` is the field's value, a list in the order of application; "identity" counts for
  // nothing. Throws ProtocolError for a coding that is not known here, and for too many of them.
  explicit ContentDecoder(std::string_view codings, const CodingLimits& limits = {});

  // True: bytes pass as they are.
  bool is_identity() const noexcept { return stages_.empty(); }
  // As a Decoder's. Throws LimitError, too.
  std::string_view decode(std::string_view& in);
  // Throws ProtocolError where a coding is cut short.
  void finish();

 private:
  struct Stage {
    std::unique_ptr<Decoder> decoder;
    std::string_view pending;  // what the stage before gave, and this one has not used
  };
  void count_out(std::size_t size);

  CodingLimits limits_;
  std::vector<Stage> stages_;
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;
};

}  // namespace proto
