#include "proto/fields.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <stdexcept>

#include "base/characters.h"
#include "wire/wire_fields.h"

namespace proto {

namespace {

void check(std::string_view name, std::string_view value) {
  if (!is_token(name))
    throw std::invalid_argument("header field: the name is no token: " + quoted(name));
  if (has_line_break_or_nul(value))
    throw std::invalid_argument("header field " + quoted(name) + ": the value has CR, LF or NUL");
}

bool stands_in(const std::string& block, std::string_view view) noexcept {
  const std::less<const char*> before;
  return !before(view.data(), block.data()) && before(view.data(), block.data() + block.size());
}

}  // namespace

Fields::Fields(std::initializer_list<Field> fields) {
  for (const Field& field : fields) add(field.name, field.value);
}

void Fields::append(std::string_view name, std::string_view value) {
  if (stands_in(block_, name) || stands_in(block_, value)) {
    append(std::string(name), std::string(value));
    return;
  }
  const std::size_t more = name.size() + value.size();
  if (block_.size() + more > block_.capacity()) compact();
  if (more > std::numeric_limits<std::uint32_t>::max() - block_.size())
    throw std::length_error("header fields: more than 4 GiB");
  const auto at = static_cast<std::uint32_t>(block_.size());
  const auto name_size = static_cast<std::uint32_t>(name.size());
  block_.append(name).append(value);
  entries_.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size())});
}

// Fields that were removed leave their text behind; it goes before the block would have to grow.
void Fields::compact() {
  std::size_t live = 0;
  for (const Entry& e : entries_) live += std::size_t{e.name_size} + e.value_size;
  if (live > block_.size() / 2) return;
  std::string block;
  block.reserve(block_.capacity());
  for (Entry& e : entries_) {
    const auto at = static_cast<std::uint32_t>(block.size());
    block.append(block_, e.name_at, e.name_size).append(block_, e.value_at, e.value_size);
    e.name_at = at;
    e.value_at = at + e.name_size;
  }
  block_ = std::move(block);
}

void Fields::add(std::string_view name, std::string_view value) {
  check(name, value);
  append(name, trim(value));
}

void Fields::set(std::string_view name, std::string_view value) {
  check(name, value);
  const std::string own_name(name);  // `name` may be a view into this object
  append(own_name, trim(value));
  const Entry added = entries_.back();
  entries_.pop_back();
  const auto same = [&](const Entry& e) {
    return equals_ignoring_case({block_.data() + e.name_at, e.name_size}, own_name);
  };
  const auto first = std::find_if(entries_.begin(), entries_.end(), same);
  if (first == entries_.end()) {
    entries_.push_back(added);
    return;
  }
  *first = added;
  entries_.erase(std::remove_if(first + 1, entries_.end(), same), entries_.end());
}

std::size_t Fields::remove(std::string_view name) {
  return std::erase_if(entries_, [&](const Entry& e) {
    return equals_ignoring_case({block_.data() + e.name_at, e.name_size}, name);
  });
}

void Fields::clear() noexcept {
  entries_.clear();
  block_.clear();
}

std::optional<std::string_view> Fields::get(std::string_view name) const noexcept {
  for (const Entry& e : entries_) {
    if (e.name_size == name.size() &&
        equals_ignoring_case({block_.data() + e.name_at, e.name_size}, name))
      return std::string_view(block_.data() + e.value_at, e.value_size);
  }
  return std::nullopt;
}

std::vector<std::string_view> Fields::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field field : *this) {
    if (equals_ignoring_case(field.name, name)) values.push_back(field.value);
  }
  return values;
}

std::optional<std::string> Fields::combined(std::string_view name) const {
  std::optional<std::string> list;
  for (const Field field : *this) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (list) {
      list->append(", ").append(field.value);
    } else {
      list.emplace(field.value);
    }
  }
  return list;
}

bool operator==(const Fields& a, const Fields& b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.name == y.name && x.value == y.value;
  });
}

void WireFields::unfold(Fields& fields) {
  for (Fields::Entry& e : fields.entries_) {
    char* const begin = fields.block_.data() + e.value_at;
    const char* const end = begin + e.value_size;
    char* out = begin;
    for (const char* in = begin; in != end;) {
      if (*in != '\r' && *in != '\n') {
        *out++ = *in++;
        continue;
      }
      while (in != end && (*in == '\r' || *in == '\n' || is_blank(*in))) ++in;
      while (out != begin && is_blank(out[-1])) --out;
      if (out != begin && in != end) *out++ = ' ';
    }
    e.value_size = static_cast<std::uint32_t>(out - begin);
  }
}

}  // namespace proto
