// The decoders, each over its library.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/characters.h"
#include "proto/error.h"
#include "wire/codings.h"

#if PROTO_WITH_BROTLI
#include <brotli/decode.h>
#endif
#if PROTO_WITH_ZSTD
#include <zstd.h>
#endif

namespace proto {

namespace {

constexpr std::size_t kOutBytes = std::size_t{64} * 1024;
// A zstd frame may ask for this window, 8 MiB as RFC 9659 has it, and no more.
[[maybe_unused]] constexpr int kZstdWindowLog = 23;

using Buffer = std::array<char, kOutBytes>;

[[noreturn]] void refuse(const char* coding, const char* why) {
  throw ProtocolError(std::string("Content-Encoding ") + coding + ": " + why);
}

// gzip's members may follow each other; "deflate" is one stream.
class ZlibDecoder final : public Decoder {
 public:
  enum class Format { gzip, deflate };
  explicit ZlibDecoder(Format format) : format_(format) {}
  ~ZlibDecoder() override { end(); }
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;

  std::string_view decode(std::string_view& in) override {
    for (;;) {
      if (state_ == State::inside) {
        const std::string_view out = inflate_some(in);
        if (!out.empty()) return out;
        if (state_ == State::inside && in.empty() && head_size_ == 0) return {};
      } else if (in.empty()) {
        return {};
      } else if (state_ == State::between) {
        begin(in);
      } else {
        skip_padding(in);
      }
    }
  }

  void finish() override {
    if (state_ == State::inside || head_size_ > 0) refuse(name(), "cut short");
  }

 private:
  enum class State { between, inside, padding };

  const char* name() const noexcept { return format_ == Format::gzip ? "gzip" : "deflate"; }

  // RFC 9110 §8.4.1.2: some send "deflate" without zlib's header, which two bytes tell.
  void begin(std::string_view& in) {
    int window = 15 + 16;
    if (format_ == Format::deflate) {
      head_[head_size_++] = in[0];
      in.remove_prefix(1);
      if (head_size_ < 2) return;
      const auto first = static_cast<unsigned char>(head_[0]);
      const auto second = static_cast<unsigned char>(head_[1]);
      const bool zlib = (first & 15U) == 8 && (first * 256U + second) % 31 == 0;
      window = zlib ? 15 : -15;
    }
    stream_ = {};
    if (inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc();
    open_ = true;
    if (!buffer_) buffer_ = std::make_unique<Buffer>();
    state_ = State::inside;
  }

  std::string_view inflate_some(std::string_view& in) {
    // What begin() looked at goes first.
    std::string_view held(head_.data(), head_size_);
    std::string_view& from = held.empty() ? in : held;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
    stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(from.size(), kOutBytes));
    const uInt given = stream_.avail_in;
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_->data());
    stream_.avail_out = static_cast<uInt>(buffer_->size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t used = given - stream_.avail_in;
    if (held.empty()) {
      in.remove_prefix(used);
    } else {
      head_size_ -= used;  // both at once, or one and then the other
      std::copy(held.begin() + static_cast<std::ptrdiff_t>(used), held.end(), head_.begin());
    }
    const std::size_t size = buffer_->size() - stream_.avail_out;
    if (code == Z_STREAM_END) {
      end();
      state_ = State::padding;
      if (head_size_ > 0) refuse(name(), "something follows the end");
    } else if (code == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (code != Z_OK && (code != Z_BUF_ERROR || given > 0)) {
      refuse(name(), stream_.msg != nullptr ? stream_.msg : "damaged");
    }
    return {buffer_->data(), size};
  }

  // Behind a gzip member: another one, or the zeros that fill up a tape's block.
  void skip_padding(std::string_view& in) {
    if (format_ == Format::gzip && in[0] == 0x1f) {
      state_ = State::between;
    } else if (format_ == Format::gzip && in[0] == 0) {
      in.remove_prefix(1);
    } else {
      refuse(name(), "something follows the end");
    }
  }

  void end() noexcept {
    if (open_) inflateEnd(&stream_);
    open_ = false;
  }

  Format format_;
  State state_ = State::between;
  bool open_ = false;
  std::array<char, 2> head_{};
  std::size_t head_size_ = 0;
  z_stream stream_{};
  std::unique_ptr<Buffer> buffer_;
};

#if PROTO_WITH_BROTLI
class BrotliDecoder final : public Decoder {
 public:
  std::string_view decode(std::string_view& in) override {
    if (!state_) {
      if (in.empty()) return {};
      state_.reset(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
      if (!state_) throw std::bad_alloc();
      buffer_ = std::make_unique<Buffer>();
    }
    for (;;) {
      if (BrotliDecoderIsFinished(state_.get())) {
        if (!in.empty()) refuse("br", "something follows the end");
        return {};
      }
      std::size_t in_size = in.size();
      const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
      std::size_t out_room = buffer_->size();
      auto* next_out = reinterpret_cast<std::uint8_t*>(buffer_->data());
      const auto code = BrotliDecoderDecompressStream(state_.get(), &in_size, &next_in, &out_room,
                                                      &next_out, nullptr);
      if (code == BROTLI_DECODER_RESULT_ERROR)
        refuse("br", BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state_.get())));
      in.remove_prefix(in.size() - in_size);
      if (out_room != buffer_->size()) return {buffer_->data(), buffer_->size() - out_room};
      if (code == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return {};
    }
  }
  void finish() override {
    if (state_ && !BrotliDecoderIsFinished(state_.get())) refuse("br", "cut short");
  }

 private:
  struct Destroy {
    void operator()(BrotliDecoderState* state) const noexcept {
      BrotliDecoderDestroyInstance(state);
    }
  };
  std::unique_ptr<BrotliDecoderState, Destroy> state_;
  std::unique_ptr<Buffer> buffer_;
};
#endif

#if PROTO_WITH_ZSTD
// Frames may follow each other (RFC 8878 §3.1).
class ZstdDecoder final : public Decoder {
 public:
  std::string_view decode(std::string_view& in) override {
    if (!state_) {
      if (in.empty()) return {};
      state_.reset(ZSTD_createDCtx());
      if (!state_) throw std::bad_alloc();
      ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
      buffer_ = std::make_unique<Buffer>();
    }
    while (!in.empty() || !between_) {
      ZSTD_inBuffer from{in.data(), in.size(), 0};
      ZSTD_outBuffer to{buffer_->data(), buffer_->size(), 0};
      const std::size_t code = ZSTD_decompressStream(state_.get(), &to, &from);
      if (ZSTD_isError(code) != 0) refuse("zstd", ZSTD_getErrorName(code));
      in.remove_prefix(from.pos);
      between_ = code == 0;
      if (to.pos > 0) return {buffer_->data(), to.pos};
      if (in.empty()) return {};
    }
    return {};
  }
  void finish() override {
    if (!between_) refuse("zstd", "cut short");
  }

 private:
  struct Destroy {
    void operator()(ZSTD_DCtx* state) const noexcept { ZSTD_freeDCtx(state); }
  };
  std::unique_ptr<ZSTD_DCtx, Destroy> state_;
  std::unique_ptr<Buffer> buffer_;
  bool between_ = true;  // frames
};
#endif

}  // namespace

std::unique_ptr<Decoder> make_decoder(std::string_view coding) {
  using Format = ZlibDecoder::Format;
  if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip"))
    return std::make_unique<ZlibDecoder>(Format::gzip);
  if (equals_ignoring_case(coding, "deflate"))
    return std::make_unique<ZlibDecoder>(Format::deflate);
#if PROTO_WITH_BROTLI
  if (equals_ignoring_case(coding, "br")) return std::make_unique<BrotliDecoder>();
#endif
#if PROTO_WITH_ZSTD
  if (equals_ignoring_case(coding, "zstd")) return std::make_unique<ZstdDecoder>();
#endif
  return nullptr;
}

}  // namespace proto
