// Header text: whatever comes, the result is one bounded line of UTF-8; what is written comes back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/characters.h"
#include "proto/header_text.h"
#include "support/folded_lines.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_text(std::string_view input) {
  const std::string text = proto::decode_header_text(input);
  require(proto::is_valid_utf8(text));
  require(!proto::has_line_break_or_nul(text));
  require(text.size() <= proto::kMaxHeaderText);
  require(proto::decode_header_text(input, 40).size() <= 40);
  require(proto::printable_line(text, 60).size() <= 60);
  for (const std::size_t column : {0U, 9U, 70U, 200U}) {
    const std::string folded = proto::encode_header_text(text, column);
    require(proto::decode_header_text(folded) == proto::trim(text));
    require(proto::test::is_folded_well(folded, column));
  }
}

void check_parameters(std::string_view input) {
  const proto::ParameterizedValue value = proto::parse_parameters(input);
  constexpr std::size_t kLongest = 400;
  if (!proto::is_token(value.value) || value.value.size() > kLongest) return;
  for (const auto& parameter : value.parameters) {
    const bool is_text = proto::is_valid_utf8(parameter.value);
    require(is_text || parameter.name == "boundary");
    if (!is_text || !proto::is_token(parameter.name) || parameter.name.size() > kLongest ||
        parameter.name.find_first_of("%'") != std::string::npos)
      return;
  }
  const std::string folded = value.to_string(14);
  require(proto::test::is_folded_well(folded, 14));
  const proto::ParameterizedValue again = proto::parse_parameters(folded);
  for (const auto& parameter : value.parameters) {
    const std::string* found = again.find(parameter.name);
    require(found != nullptr && *found == parameter.value);
  }
}

void check_block(std::string_view input) {
  for (const auto stray : {proto::StrayLine::ends_header, proto::StrayLine::skipped}) {
    const proto::HeaderBlock block(input, stray, 50);
    require(block.size() <= 50);
    require(block.header().size() + block.body().size() <= input.size());
    for (const proto::HeaderField& field : block) {
      const auto* const first = block.find(field.name());
      const auto alone = proto::find_header_field(block.header(), field.name());
      require(alone && alone->raw() == first->raw() && alone->value() == first->value());
      require(!field.name().empty());
      require(proto::is_valid_utf8(field.text()));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_text(input);
  check_parameters(input);
  check_block(input);
  if (const auto date = proto::parse_mail_date(input)) {
    const auto again = proto::parse_mail_date(date->to_string());
    require(again && again->time == date->time && again->offset == date->offset);
  }
  return 0;
}
