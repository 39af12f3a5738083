// Header fields: names and values, in the order they came or were added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto {

// An ordered list of fields; a name may stand in it more than once. Names compare without regard to
// case. All text stands in one block, so that a field costs no allocation of its own, and clear()
// keeps the memory. A view it returns dies at the next call that is not const.
class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  class Iterator;

  Fields() noexcept = default;
  Fields(std::initializer_list<Field> fields);

  // Each throws std::invalid_argument for a name that is no token (RFC 9110 §5.6.2) or a value with
  // CR, LF or NUL, and has then changed nothing. Blanks around a value are dropped, as every reader
  // of it would.
  void add(std::string_view name, std::string_view value);
  // Puts `value` in the place of the first field of this name and removes the others, or adds one.
  void set(std::string_view name, std::string_view value);
  // How many were removed.
  std::size_t remove(std::string_view name);
  void clear() noexcept;

  // The first of this name.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  std::vector<std::string_view> get_all(std::string_view name) const;
  // All of this name as one list, joined by ", " (RFC 9110 §5.3; not for Set-Cookie). Nothing where
  // there is none.
  std::optional<std::string> combined(std::string_view name) const;
  bool contains(std::string_view name) const noexcept { return !empty() && get(name).has_value(); }

  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  Field operator[](std::size_t index) const noexcept;
  Iterator begin() const noexcept;
  Iterator end() const noexcept;

  // Same fields in the same order, byte for byte.
  friend bool operator==(const Fields& a, const Fields& b) noexcept;

 private:
  friend class WireFields;  // how a parser fills one from a head it has checked
  struct Entry {
    std::uint32_t name_at, name_size, value_at, value_size;
  };
  void append(std::string_view name, std::string_view value);
  void compact();

  std::string block_;
  std::vector<Entry> entries_;
};

class Fields::Iterator {
 public:
  using value_type = Field;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;
  using pointer = void;
  using reference = Field;

  Iterator() noexcept = default;
  Iterator(const Fields* fields, std::size_t index) noexcept : fields_(fields), index_(index) {}
  Field operator*() const noexcept { return (*fields_)[index_]; }
  Iterator& operator++() noexcept {
    ++index_;
    return *this;
  }
  Iterator operator++(int) noexcept {
    const Iterator before = *this;
    ++index_;
    return before;
  }
  friend bool operator==(const Iterator&, const Iterator&) noexcept = default;

 private:
  const Fields* fields_ = nullptr;
  std::size_t index_ = 0;
};

inline Fields::Field Fields::operator[](std::size_t index) const noexcept {
  const Entry& e = entries_[index];
  return {{block_.data() + e.name_at, e.name_size}, {block_.data() + e.value_at, e.value_size}};
}
inline Fields::Iterator Fields::begin() const noexcept {
  return {this, 0};
}
inline Fields::Iterator Fields::end() const noexcept {
  return {this, entries_.size()};
}

}  // namespace proto
