// The values that SMTP and LMTP deal in: replies, capabilities, envelopes, verdicts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proto {

// One whole reply of a server.
struct SMTPReply {
  int code = 0;          // 200 to 599
  std::string enhanced;  // RFC 2034: "5.1.1"; empty: none
  // The server's words without the codes, one line per '\n', as they came: escape before you show.
  std::string text;

  bool ok() const noexcept { return code / 100 == 2; }
  bool for_now() const noexcept { return code / 100 == 4; }
  bool for_good() const noexcept { return code / 100 == 5; }
};

// What the server offered in its last EHLO or LHLO.
struct SMTPCapabilities {
  struct Keyword {
    std::string name;   // upper case
    std::string value;  // all that stands behind it
  };
  std::string domain;  // what the server calls itself
  std::vector<Keyword> keywords;

  bool size = false;
  std::optional<std::uint64_t> max_size;  // SIZE, where it names one
  bool eight_bit_mime = false;
  bool smtputf8 = false;
  bool pipelining = false;
  bool chunking = false;
  bool binarymime = false;
  bool dsn = false;
  bool enhanced_status_codes = false;
  bool starttls = false;
  std::vector<std::string> auth;  // upper case, in the server's order
  // RFC 9422 LIMITS; nothing: not said.
  std::optional<std::uint64_t> mail_max, rcpt_max, rcpt_domain_max;

  bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  // In any case; null: not offered.
  const Keyword* find(std::string_view name) const noexcept;
};

// One recipient of a message.
struct Recipient {
  // Implicit, so that {"a@example.org", "b@example.org"} is a list of recipients.
  Recipient(std::string a) : address(std::move(a)) {}                // NOLINT
  Recipient(std::string_view a) : address(a) {}                      // NOLINT
  Recipient(const char* a) : address(a) {}                           // NOLINT
  Recipient(std::string a, std::string notify_on, std::string orig)  // DSN
      : address(std::move(a)), notify(std::move(notify_on)), original(std::move(orig)) {}

  std::string address;
  // DSN (RFC 3461), sent where the server offers it: "NEVER", or a list of SUCCESS, FAILURE, DELAY.
  std::string notify;
  std::string original;  // ORCPT: the address before it was rewritten; empty: not said
};

// Who sends and who receives, which the header of the message does not decide.
struct Envelope {
  std::string from;  // empty: the null sender <>
  std::vector<Recipient> to;
  std::string ret;    // DSN: "FULL" or "HDRS"; empty: not said
  std::string envid;  // DSN: not encoded; empty: none

  // Throws std::invalid_argument where something of it must not go onto a line of SMTP: CR, LF,
  // NUL, an address that would end its brackets, no recipients. Every send() calls it first.
  void check() const;
};

// What became of a message for one recipient.
enum class Verdict {
  accepted,  // the server has it
  for_now,   // not taken; later it may be
  for_good,  // refused
  unknown,   // sent whole, and no verdict came: it may have been taken
};
std::string_view to_string(Verdict verdict);

struct RecipientResult {
  Verdict verdict = Verdict::unknown;
  // The reply that decided. Code 0: no reply did, and the text says what happened.
  SMTPReply reply;
};

struct SendResult {
  std::vector<RecipientResult> recipients;  // in the order of Envelope::to
  // MAIL was refused: then all recipients have its reply.
  bool sender_refused = false;
  // DATA or the message was refused, by message_reply: then all that RCPT had taken have that
  // reply. LMTP answers for each recipient: the first such refusal.
  bool message_refused = false;
  SMTPReply message_reply{};

  bool all(Verdict verdict) const noexcept;
  bool any(Verdict verdict) const noexcept;
};

// Where the bytes of a message come from, when they are not in memory. They may be asked for more
// than once, and must stay the same.
class MessageSource {
 public:
  virtual ~MessageSource() = default;
  // In bytes.
  virtual std::uint64_t size() const = 0;
  // Fills `into` with the bytes at `offset`; fewer only where the message ends. What it throws ends
  // the connection.
  virtual std::size_t read_at(std::uint64_t offset, std::span<char> into) = 0;
};

// A message in a regular file. Throws std::system_error where it cannot be read.
class FileSource final : public MessageSource {
 public:
  explicit FileSource(const std::string& path);
  // Reads `descriptor`, which stays the caller's, from its `begin` on.
  explicit FileSource(int descriptor, std::uint64_t begin = 0);
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override;

  std::uint64_t size() const override { return size_; }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) override;

 private:
  int descriptor_;
  bool owned_;
  std::uint64_t begin_;
  std::uint64_t size_;
};

}  // namespace proto
