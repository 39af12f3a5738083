#include "wire/codings.h"

#include <algorithm>

#include "base/characters.h"
#include "proto/error.h"
#include "wire/list.h"

namespace proto {

std::string_view known_codings() noexcept {
  return "gzip, deflate"
#if PROTO_WITH_BROTLI
         ", br"
#endif
#if PROTO_WITH_ZSTD
         ", zstd"
#endif
      ;
}

ContentDecoder::ContentDecoder(std::string_view codings, const CodingLimits& limits)
    : limits_(limits) {
  std::string_view list = codings;
  std::string_view coding;
  while (next_member(list, coding)) {
    if (coding.empty() || equals_ignoring_case(coding, "identity")) continue;
    if (stages_.size() == limits_.max_codings) {
      throw ProtocolError("Content-Encoding: more than " + std::to_string(limits_.max_codings) +
                          " codings: " + quoted(codings));
    }
    auto decoder = make_decoder(coding);
    if (!decoder)
      throw ProtocolError("Content-Encoding: a coding that is not known here: " + quoted(coding));
    stages_.push_back({std::move(decoder), {}});
  }
  std::reverse(stages_.begin(), stages_.end());
}

std::string_view ContentDecoder::decode(std::string_view& in) {
  if (stages_.empty()) {
    const std::string_view all = in;
    in = {};
    count_out(all.size());
    return all;
  }
  // The last stage that has something to give gives it: nothing piles up in between.
  std::size_t i = stages_.size() - 1;
  for (;;) {
    std::string_view& from = i == 0 ? in : stages_[i].pending;
    const std::size_t before = from.size();
    const std::string_view out = stages_[i].decoder->decode(from);
    if (i == 0) in_ += before - from.size();
    count_out(out.size());
    if (out.empty()) {
      if (i == 0) return {};
      --i;
    } else if (i + 1 == stages_.size()) {
      return out;
    } else {
      stages_[++i].pending = out;
    }
  }
}

// Every stage's output counts: a bomb may be packed away in another coding.
void ContentDecoder::count_out(std::size_t size) {
  out_ += size;
  if (out_ > limits_.max_output_bytes) {
    throw LimitError("Content-Encoding: more than " + std::to_string(limits_.max_output_bytes) +
                     " bytes come out");
  }
  if (out_ > limits_.free_bytes && out_ / limits_.max_ratio > in_) {
    throw LimitError("Content-Encoding: over " + std::to_string(limits_.max_ratio) +
                     " times as many bytes come out as go in");
  }
}

void ContentDecoder::finish() {
  for (const Stage& stage : stages_) stage.decoder->finish();
}

}  // namespace proto
