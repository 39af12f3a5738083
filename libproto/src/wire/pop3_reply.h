// POP3's replies, line by line (RFC 1939 §3, RFC 2449 §3, §8). All of these throw ProtocolError.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proto {

struct POP3Status {
  bool ok;
  std::string_view code;  // behind -ERR: the response code without its brackets; mostly empty
  std::string_view text;  // behind "+OK " or "-ERR ", with the code
};
// "+OK" and "-ERR", exactly, then a blank or nothing. `command` is for the message only.
POP3Status parse_pop3_status(std::string_view line, std::string_view command);

// "+ base64", or "+": what a SASL exchange may have in the place of a status line (RFC 5034 §4).
bool is_pop3_challenge(std::string_view line, std::string_view& challenge) noexcept;

// "count octets", behind STAT's +OK. What follows the second number is the server's own affair
// (RFC 1939 §5).
std::pair<std::uint32_t, std::uint64_t> parse_pop3_stat(std::string_view text);
// "number octets": a line of LIST, or what follows its +OK.
std::pair<std::uint32_t, std::uint64_t> parse_pop3_list(std::string_view text);
// "number uid". The view is into `text`.
std::pair<std::uint32_t, std::string_view> parse_pop3_uidl(std::string_view text);
// "NAME argument...": a line of CAPA; the name in upper case.
std::pair<std::string, std::vector<std::string>> parse_pop3_capability(std::string_view line);

// APOP's time stamp (RFC 1939 §7): the msg-id in the greeting, with its brackets; empty: none. Only
// a msg-id counts ("<local@domain>"): a digest of just anything that the peer chooses would help
// who guesses passwords. Linear time.
std::string_view find_apop_timestamp(std::string_view greeting) noexcept;

}  // namespace proto
