// A message on its way into a Maildir.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proto::protod {

// Written to tmp/ as it comes, and in new/ when it is whole and durable. Without deliver() it never
// was. The file holds the message as it was sent, with LF line ends. Throws std::system_error.
class MailDrop {
 public:
  // Makes the Maildir where there is none.
  explicit MailDrop(const std::string& maildir);
  MailDrop(const MailDrop&) = delete;
  MailDrop& operator=(const MailDrop&) = delete;
  ~MailDrop();

  // Text with CRLF line ends, in pieces. False: a CR or an LF stands alone in it.
  bool append(std::string_view text);
  std::uint64_t size() const noexcept { return size_; }
  // fsync, rename, fsync of the folder. False as append().
  bool deliver();

 private:
  void flush();

  std::string maildir_, name_;
  int descriptor_ = -1;
  std::string pending_;
  std::uint64_t size_ = 0;
  bool after_cr_ = false;
};

}  // namespace proto::protod
