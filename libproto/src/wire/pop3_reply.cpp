#include "wire/pop3_reply.h"

#include <algorithm>
#include <limits>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/error.h"

namespace proto {

namespace {

constexpr std::uint64_t kMaxNumber = std::numeric_limits<std::uint32_t>::max();
// RFC 1939 §7 allows 70. Some servers' are longer.
constexpr std::size_t kMaxUidBytes = 512;

// "first second", a single space between; `more` is what a space after the second sets off.
struct Pair {
  std::string_view first, second, more;
};
Pair split(std::string_view text) {
  Pair pair;
  const auto space = std::min(text.find(' '), text.size());
  pair.first = text.substr(0, space);
  text.remove_prefix(std::min(space + 1, text.size()));
  const auto end = std::min(text.find(' '), text.size());
  pair.second = text.substr(0, end);
  pair.more = text.substr(end);
  return pair;
}

std::pair<std::uint32_t, std::uint64_t> two_numbers(std::string_view text, std::string_view what) {
  const Pair pair = split(text);
  const auto first = parse_decimal(pair.first, kMaxNumber);
  const auto second = parse_decimal(pair.second);
  if (!first || !second) {
    throw ProtocolError("POP3 " + std::string(what) + ", got " + quoted(text));
  }
  return {static_cast<std::uint32_t>(*first), *second};
}

std::string_view response_code(std::string_view text) noexcept {
  if (!text.starts_with('[')) return {};
  const auto end = text.find(']');
  return end == std::string_view::npos ? std::string_view() : text.substr(1, end - 1);
}

}  // namespace

POP3Status parse_pop3_status(std::string_view line, std::string_view command) {
  POP3Status status{line.starts_with("+OK"), {}, {}};
  if (status.ok || line.starts_with("-ERR")) {
    status.text = line.substr(status.ok ? 3 : 4);
    if (status.text.empty()) return status;
    if (status.text.front() == ' ') {
      status.text.remove_prefix(1);
      if (!status.ok) status.code = response_code(status.text);
      return status;
    }
  }
  throw ProtocolError("POP3 " + std::string(command) + ": want \"+OK\" or \"-ERR\", got " +
                      quoted(line));
}

bool is_pop3_challenge(std::string_view line, std::string_view& challenge) noexcept {
  if (line != "+" && !line.starts_with("+ ")) return false;
  challenge = line.substr(std::min<std::size_t>(2, line.size()));
  return true;
}

std::pair<std::uint32_t, std::uint64_t> parse_pop3_stat(std::string_view text) {
  return two_numbers(text, "STAT: want \"count octets\"");
}

std::pair<std::uint32_t, std::uint64_t> parse_pop3_list(std::string_view text) {
  return two_numbers(text, "LIST: want \"number octets\"");
}

std::pair<std::uint32_t, std::string_view> parse_pop3_uidl(std::string_view text) {
  const Pair pair = split(text);
  const auto number = parse_decimal(pair.first, kMaxNumber);
  const bool printable = std::all_of(pair.second.begin(), pair.second.end(),
                                     [](char c) { return c > 0x20 && c < 0x7f; });
  if (!number || pair.second.empty() || pair.second.size() > kMaxUidBytes || !printable)
    throw ProtocolError("POP3 UIDL: want \"number unique-id\", got " + quoted(text));
  return {static_cast<std::uint32_t>(*number), pair.second};
}

std::pair<std::string, std::vector<std::string>> parse_pop3_capability(std::string_view line) {
  std::vector<std::string> words;
  for (std::string_view rest = trim(line); !rest.empty(); rest = trim(rest)) {
    const auto end = std::min(rest.find_first_of(" \t"), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (words.empty()) throw ProtocolError("POP3 CAPA: want a capability, got " + quoted(line));
  std::string name = upper(words.front());
  words.erase(words.begin());
  return {std::move(name), std::move(words)};
}

std::string_view find_apop_timestamp(std::string_view greeting) noexcept {
  // Each '<' ends what the one before began, so that no byte is looked at twice.
  const auto is_atext = [](char c) { return c > 0x20 && c < 0x7f && c != '<' && c != '>'; };
  for (std::size_t i = 0; i < greeting.size(); ++i) {
    if (greeting[i] != '<') continue;
    const std::size_t begin = i++;
    std::size_t at = 0;
    int ats = 0;
    for (; i < greeting.size() && is_atext(greeting[i]); ++i) {
      if (greeting[i] != '@') continue;
      at = i;
      ++ats;
    }
    if (i < greeting.size() && greeting[i] == '>' && ats == 1 && at > begin + 1 && at + 1 < i)
      return greeting.substr(begin, i + 1 - begin);
    if (i < greeting.size() && greeting[i] == '<') --i;  // the loop's step comes back to it
  }
  return {};
}

}  // namespace proto
