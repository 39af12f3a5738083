// The lines of a header: HeaderLine.
#include "base/characters.h"
#include "proto/header_text.h"
#include "wire/scan.h"

namespace proto {

HeaderLine::Kind HeaderLine::decide(std::string_view more) noexcept {
  const char* p = more.data();
  const char* const end = p + more.size();
  if (size_ == 0) {
    if (*p == '\r' || *p == '\n') return Kind::empty;
    if (is_blank(*p)) return after_field_ ? Kind::fold : Kind::stray;
  }
  if (size_ == name_size_) {
    p = skip_mail_name(p, end);
    const auto size = static_cast<std::size_t>(p - more.data());
    if (is_first_) keep_name({more.data(), size});
    name_size_ += size;
    size_ += size;
    if (p == end) return Kind::undecided;
    if (name_size_ == 0) return Kind::stray;
    if (is_first_ && *p == ' ' && is_mailbox_name()) return Kind::mailbox;
  }
  const char* const blanks = p;
  while (p != end && is_blank(*p)) ++p;
  size_ += static_cast<std::size_t>(p - blanks);
  if (p == end) return Kind::undecided;
  return *p == ':' ? Kind::field : Kind::stray;
}

void HeaderLine::keep_name(std::string_view more) noexcept {
  for (std::size_t i = 0; i < more.size() && name_size_ + i < start_.size(); ++i)
    start_[name_size_ + i] = more[i];
}

bool HeaderLine::is_mailbox_name() const noexcept {
  if (name_size_ > start_.size()) return false;
  const std::string_view name(start_.data(), name_size_);
  return name == "From" || name == ">From";
}

}  // namespace proto
