// RFC 5322 dates: MailDate.
#include <algorithm>
#include <array>
#include <ctime>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/header_text.h"

namespace proto {

namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

// RFC 5322 §4.3.
struct Zone {
  std::string_view name;
  int hours;
};
constexpr auto kZones = std::to_array<Zone>({{"ut", 0},
                                             {"utc", 0},
                                             {"gmt", 0},
                                             {"z", 0},
                                             {"est", -5},
                                             {"edt", -4},
                                             {"cst", -6},
                                             {"cdt", -5},
                                             {"mst", -7},
                                             {"mdt", -6},
                                             {"pst", -8},
                                             {"pdt", -7},
                                             {"cet", 1},
                                             {"cest", 2}});

// Words of a date: what blanks, commas, comments, and "-" before a letter or between a month and a
// year part ("02-Jan-2006").
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text.substr(0, 200)) {
    if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : depth > 0 ? -1 : 0;
      end_word();
    } else if (depth > 0) {
      continue;
    } else if (is_blank(c) || c == ',' || c == '\r' || c == '\n') {
      end_word();
    } else if (c == '-' && !word.empty() && word.find(':') == word.npos) {
      end_word();
    } else {
      // "15:04:05+0100"
      if ((c == '+' || c == '-') && word.find(':') != word.npos) end_word();
      word += to_lower(c);
    }
  }
  end_word();
  return words;
}

std::optional<unsigned> month_of(std::string_view word) {
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (word.starts_with(kMonths[i])) return i + 1;
  }
  return std::nullopt;
}

bool is_day_name(std::string_view word) {
  return std::any_of(kDays.begin(), kDays.end(), [&](auto day) { return word.starts_with(day); });
}

std::optional<std::chrono::seconds> time_of_day(std::string_view word) {
  std::array<std::uint64_t, 3> parts{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string_view part = word.substr(0, word.find(':'));
    const auto value = part.size() <= 2 ? parse_decimal(part, i == 0   ? 23
                                                              : i == 1 ? 59
                                                                       : 60)
                                        : std::nullopt;
    if (!value) return std::nullopt;
    parts[i] = *value;
    if (part.size() == word.size()) {
      if (i == 0) return std::nullopt;
      return std::chrono::seconds(parts[0] * 3600 + parts[1] * 60 + parts[2]);
    }
    word.remove_prefix(part.size() + 1);
  }
  return std::nullopt;
}

int full_year(std::uint64_t year, std::size_t digits) {
  if (digits == 2) return static_cast<int>(year < 50 ? year + 2000 : year + 1900);
  if (digits == 3) return static_cast<int>(year + 1900);
  return static_cast<int>(year);
}

// Sets the zone of `date` where `word` is one.
void read_zone(std::string_view word, MailDate& date) {
  if (word.size() == 5 && (word[0] == '+' || word[0] == '-')) {
    const auto hours = parse_decimal(word.substr(1, 2), 23);
    const auto mins = parse_decimal(word.substr(3), 59);
    if (!hours || !mins) return;
    const minutes offset(static_cast<int>(*hours * 60 + *mins));
    date.offset = word[0] == '-' ? -offset : offset;
    date.offset_known = word != "-0000";
    return;
  }
  const auto zone =
      std::find_if(kZones.begin(), kZones.end(), [&](const Zone& z) { return z.name == word; });
  // Others, military letters among them, are as good as "-0000" (RFC 5322 §4.3).
  if (zone == kZones.end()) return;
  date.offset = minutes(zone->hours * 60);
  date.offset_known = true;
}

void append_two(std::string& out, long value) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

}  // namespace

std::optional<MailDate> parse_mail_date(std::string_view text) {
  std::optional<unsigned> day;
  std::optional<unsigned> month;
  std::optional<int> year;
  std::optional<std::chrono::seconds> time;
  MailDate date;
  date.offset_known = false;
  for (const std::string& word : words_of(text)) {
    const bool is_number = std::all_of(word.begin(), word.end(), is_digit);
    if (word.find(':') != word.npos && !time) {
      time = time_of_day(word);
    } else if (is_number && word.size() <= 2 && !day) {
      const auto value = parse_decimal(word, 31);
      if (value) day = static_cast<unsigned>(*value);
    } else if (is_number && word.size() <= 4 && word.size() >= 2 && !year) {
      year = full_year(*parse_decimal(word), word.size());
    } else if (!month && month_of(word)) {
      month = month_of(word);
    } else if (time && !is_day_name(word)) {
      read_zone(word, date);
    }
  }
  if (!day || !month || !year || !time || *year < 1900) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year(*year), std::chrono::month(*month),
                                        std::chrono::day(*day)};
  if (!ymd.ok()) return std::nullopt;
  date.time = std::chrono::sys_days(ymd) + *time - date.offset;
  return date;
}

MailDate MailDate::now() {
  MailDate date;
  date.time = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(date.time);
  std::tm local{};
  if (localtime_r(&seconds, &local) != nullptr) {
    date.offset = minutes(local.tm_gmtoff / 60);
  }
  return date;
}

std::string MailDate::to_string() const {
  const auto local = time + offset;
  const auto days = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day ymd(days);
  const std::chrono::hh_mm_ss clock(local - days);
  const auto capital = [](std::string_view name) {
    std::string out(name);
    out[0] = to_upper(out[0]);
    return out;
  };
  std::string out = capital(kDays[std::chrono::weekday(days).c_encoding()]) + ", ";
  append_two(out, static_cast<long>(static_cast<unsigned>(ymd.day())));
  out += ' ' + capital(kMonths[static_cast<unsigned>(ymd.month()) - 1]) + ' ';
  std::string year = std::to_string(static_cast<int>(ymd.year()));
  out.append(4 - std::min<std::size_t>(4, year.size()), '0');
  out += year + ' ';
  append_two(out, clock.hours().count());
  out += ':';
  append_two(out, clock.minutes().count());
  out += ':';
  append_two(out, clock.seconds().count());
  if (!offset_known) return out + " -0000";
  const long zone = std::abs(offset.count());
  out += offset.count() < 0 ? " -" : " +";
  append_two(out, zone / 60);
  append_two(out, zone % 60);
  return out;
}

}  // namespace proto
