// Addresses: what is read can be written and reads the same; what an envelope takes cannot leave
// its place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "base/characters.h"
#include "proto/mail_address.h"
#include "support/folded_lines.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Brackets and blanks may stand in quotes only.
void check_path(std::string_view path) {
  require(!proto::has_line_break_or_nul(path) && path.size() <= 254);
  bool is_quoted = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_quoted && path[i] == '\\') {
      ++i;
    } else if (path[i] == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted) {
      require(path[i] != '>' && path[i] != '<' && path[i] != ' ');
    }
  }
  require(!is_quoted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const proto::AddressList list = proto::parse_address_list(input);
  const std::string text = proto::format_address_list(list.addresses, 4);
  const proto::AddressList again = proto::parse_address_list(text);
  require(again.defects.empty());
  require(input.find("=?") != input.npos || proto::test::is_folded_well(text, 4));
  require(again.addresses.size() == list.addresses.size());
  for (std::size_t i = 0; i < list.addresses.size(); ++i) {
    require(again.addresses[i].address() == list.addresses[i].address());
    require(again.addresses[i].to_string().find('\n') == std::string::npos);
  }
  try {
    check_path(proto::envelope_address(input).address);
  } catch (const std::invalid_argument&) {
  }
  proto::ascii_domain(input);
  return 0;
}
