// The DATA encoder against a naive one. The first byte is the size of the pieces; its highest bit
// says whether dots are stuffed.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "proto/message_edit.h"
#include "support/naive_data.h"
#include "wire/smtp_data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool stuff = (data[0] & 0x80) != 0;
  const std::size_t step = (data[0] & 0x7fU) == 0 ? size : (data[0] & 0x7fU) * 8;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  using proto::DataEncoder;
  DataEncoder encoder(stuff ? DataEncoder::Dots::stuffed : DataEncoder::Dots::plain);
  static const auto block = std::make_unique<proto::DataBlock>();
  std::string wire;
  const auto take = [&] {
    for (const std::string_view part : block->parts()) wire += part;
    block->clear();
  };
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view piece = rest.substr(0, step);
    rest.remove_prefix(piece.size());
    while (!piece.empty()) {
      piece.remove_prefix(encoder.encode(piece, *block));
      take();
    }
  }
  encoder.finish(*block);
  take();
  if (wire != proto::test::naive_data(text, stuff)) std::abort();
  // The smuggler's end stands nowhere but at the end.
  if (stuff && wire.find("\r\n.\r\n") < wire.size() - 5) std::abort();
  if (proto::analyse_message(text).long_line && text.size() <= proto::kMaxMailLine) std::abort();
  return 0;
}
