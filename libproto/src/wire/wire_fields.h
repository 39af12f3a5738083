// How parsers fill Fields: by offsets into a head that they have checked, copied once.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/characters.h"
#include "proto/fields.h"

namespace proto {

class WireFields {
 public:
  // Names a field by where it stands in the head that assign_block() is to bring.
  static void push(Fields& fields, std::size_t name_at, std::size_t name_size, std::size_t value_at,
                   std::size_t value_size) {
    fields.entries_.push_back(
        {static_cast<std::uint32_t>(name_at), static_cast<std::uint32_t>(name_size),
         static_cast<std::uint32_t>(value_at), static_cast<std::uint32_t>(value_size)});
  }
  // The last field goes on to `end` (obs-fold).
  static void extend_last(Fields& fields, std::size_t end) {
    Fields::Entry& last = fields.entries_.back();
    last.value_size = static_cast<std::uint32_t>(end) - last.value_at;
  }
  static void assign_block(Fields& fields, std::string_view head) { fields.block_.assign(head); }
  // RFC 9112 §5.2: each fold in a value becomes one SP.
  static void unfold(Fields& fields);
  // The index of the first field of this name from `from` on, or size(). Most fields are passed
  // over for the size of their names alone.
  static std::size_t find(const Fields& fields, std::string_view name, std::size_t from = 0) {
    const auto& entries = fields.entries_;
    while (from < entries.size() &&
           (entries[from].name_size != name.size() ||
            !detail::same_ignoring_case(fields.block_.data() + entries[from].name_at, name.data(),
                                        name.size())))
      ++from;
    return from;
  }
  // Adds a copy of a field that has been checked.
  static void append(Fields& fields, std::string_view name, std::string_view value) {
    fields.append(name, value);
  }
};

}  // namespace proto
