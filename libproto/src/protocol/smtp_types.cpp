#include "proto/smtp_types.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/characters.h"
#include "proto/mail_address.h"
#include "wire/smtp_command.h"

namespace proto {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::accepted:
      return "accepted";
    case Verdict::for_now:
      return "refused for now";
    case Verdict::for_good:
      return "refused for good";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

bool SendResult::all(Verdict verdict) const noexcept {
  return std::all_of(recipients.begin(), recipients.end(),
                     [=](const RecipientResult& r) { return r.verdict == verdict; });
}

bool SendResult::any(Verdict verdict) const noexcept {
  return std::any_of(recipients.begin(), recipients.end(),
                     [=](const RecipientResult& r) { return r.verdict == verdict; });
}

void Envelope::check() const {
  if (to.empty()) throw std::invalid_argument("an envelope needs a recipient");
  envelope_address(from);
  for (const Recipient& recipient : to) {
    if (envelope_address(recipient.address).is_null())
      throw std::invalid_argument("a recipient needs an address");
    if (!recipient.notify.empty() && !is_notify(recipient.notify))
      throw std::invalid_argument("no DSN NOTIFY: " + quoted(recipient.notify));
    if (has_line_break_or_nul(recipient.original))
      throw std::invalid_argument("CR, LF or NUL in " + quoted(recipient.original));
  }
  if (!ret.empty() && !equals_ignoring_case(ret, "FULL") && !equals_ignoring_case(ret, "HDRS"))
    throw std::invalid_argument("no DSN RET: " + quoted(ret));
  // RFC 3461 §4.4.
  if (has_line_break_or_nul(envid) || xtext(envid).size() > 100)
    throw std::invalid_argument("no DSN ENVID: " + quoted(envid));
}

FileSource::FileSource(const std::string& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), owned_(true), begin_(0) {
  struct stat info {};
  const bool failed = descriptor_ < 0 || ::fstat(descriptor_, &info) != 0;
  if (failed || !S_ISREG(info.st_mode)) {
    const int code = failed ? errno : EINVAL;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw std::system_error(code, std::generic_category(), "cannot read " + path);
  }
  size_ = static_cast<std::uint64_t>(info.st_size);
}

FileSource::FileSource(int descriptor, std::uint64_t begin)
    : descriptor_(descriptor), owned_(false), begin_(begin) {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot read the message");
  const auto end = static_cast<std::uint64_t>(std::max<off_t>(info.st_size, 0));
  size_ = end > begin ? end - begin : 0;
}

FileSource::~FileSource() {
  if (owned_) ::close(descriptor_);
}

std::size_t FileSource::read_at(std::uint64_t offset, std::span<char> into) {
  std::size_t have = 0;
  while (have < into.size()) {
    const ssize_t n = ::pread(descriptor_, into.data() + have, into.size() - have,
                              static_cast<off_t>(begin_ + offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "cannot read the message");
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  return have;
}

}  // namespace proto
