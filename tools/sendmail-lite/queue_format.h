// What a queue entry says. It is one file, so that one rename makes it and one unlink ends it:
//
//     sendmail-lite queue 1
//     created 1700000000
//     from sender@example.org
//     to root@example.org
//     size 1234
//                                 an empty line, `size` bytes of message, then the journal
//
// A journal record begins with LF and ends with " ." LF: one that a crash cut short is no record,
// and spoils neither of its neighbours. The file is made with blank room for records, so that
// verdicts can be written on a full disk.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto::sendmail {

using Time = std::chrono::sys_seconds;

// What goes along with a message, apart from its bytes. No value holds a control character.
struct QueuedEnvelope {
  Time created{};
  std::string from;  // empty: the null sender
  std::vector<std::string> to;
  std::string message_id;
  std::string body;                  // "7BIT", "8BITMIME" or nothing, as -B said
  std::string notify, ret, envid;    // RFC 3461, as -N, -R and -V said
  std::vector<std::string> options;  // "--host=…": what the sender's command line said of the relay
  // The configuration could not be used: aliases, sender and domain are still to be put in, as it
  // and `options` say then, before the first attempt.
  bool unprepared = false;
};

// What stands before the message. Throws std::invalid_argument for a control character.
std::string format_header(const QueuedEnvelope& envelope, std::size_t message_bytes);

struct ParsedHeader {
  QueuedEnvelope envelope;
  std::uint64_t message_bytes = 0;
  std::size_t header_bytes = 0;  // where the message begins
};
// `text` begins with the header. Nothing where it does not end in `text`, or is no header.
std::optional<ParsedHeader> parse_header(std::string_view text);

enum class Fate { waiting, taken, refused };

// What became of one recipient.
struct Outcome {
  Fate fate = Fate::waiting;
  int code = 0;      // the reply's; 0: there was none
  std::string text;  // the server's words or ours, escaped, one line
  // It was refused because there is no such recipient. Not kept in the journal.
  bool no_such_recipient = false;
};

// The records of an entry, added up.
struct Journal {
  std::vector<Outcome> verdicts;  // one for each recipient
  int attempts = 0;               // that ended with "later"
  int uncertain = 0;              // that may have delivered without our knowing
  Time last{};                    // when the last attempt ended
  std::chrono::seconds age{};     // time waited that counts against the message
  std::chrono::seconds delay{};   // from `last` to the next attempt
  std::string reason;             // of the last "later"
  std::uint64_t end = 0;          // bytes of the journal, from its begin: the next record goes here

  bool anyone_waiting() const noexcept;
  bool anyone_refused() const noexcept;
};

Journal parse_journal(std::string_view text, std::size_t recipients);

// Records. A reason's line ends, and what is too long of it, are taken away.
std::string sending_record(Time now);
std::string outcome_record(std::size_t recipient, const Outcome& verdict);
std::string later_record(Time now, std::chrono::seconds age, std::chrono::seconds delay,
                         std::string_view reason);
std::string unknown_record(Time now);

// Blank room that a new entry has for its journal.
std::size_t journal_room(std::size_t recipients) noexcept;

}  // namespace proto::sendmail
