// A Maildir as POP3 gives it out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proto::protod {

// What is in a Maildir's new/ and cur/ at one moment, oldest first. At most one at a time for each
// Maildir in this process, as RFC 1939 §3 wants it.
class Mailbox {
 public:
  struct Entry {
    std::string path;
    std::string uid;       // the file's name up to its flags
    std::uint64_t octets;  // with CRLF line ends
    bool deleted = false;
  };

  // Null where another session has it. Throws std::filesystem::filesystem_error.
  static std::unique_ptr<Mailbox> open(const std::string& maildir);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  std::vector<Entry>& entries() noexcept { return entries_; }
  // The message with CRLF line ends. Throws ReadError where it has gone.
  static std::string text_of(const Entry& entry);
  // Removes what is marked; false where one of them could not be.
  bool remove_deleted();

 private:
  explicit Mailbox(std::string maildir);
  std::string maildir_;
  std::vector<Entry> entries_;
};

}  // namespace proto::protod
