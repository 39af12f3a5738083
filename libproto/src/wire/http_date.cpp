#include "wire/http_date.h"

#include <array>
#include <cstdio>

#include "base/characters.h"
#include "base/integers.h"

namespace proto {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

// Takes pieces off the front of a date; once one is missing, all fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return ok_ && text_.empty(); }

  void literal(std::string_view wanted) noexcept {
    ok_ = ok_ && text_.starts_with(wanted);
    if (ok_) text_.remove_prefix(wanted.size());
  }
  // Exactly `digits` of them.
  int number(std::size_t digits) noexcept {
    const auto value =
        text_.size() < digits ? std::nullopt : parse_decimal(text_.substr(0, digits));
    ok_ = ok_ && value;
    if (!ok_) return 0;
    text_.remove_prefix(digits);
    return static_cast<int>(*value);
  }
  // asctime() pads a day with a blank.
  int padded_day() noexcept {
    if (!text_.starts_with(' ')) return number(2);
    literal(" ");
    return number(1);
  }
  // Which of `names` stands here.
  template <std::size_t N>
  unsigned one_of(const std::array<std::string_view, N>& names) noexcept {
    for (unsigned i = 0; i < N && ok_; ++i) {
      if (!text_.starts_with(names[i])) continue;
      text_.remove_prefix(names[i].size());
      return i;
    }
    ok_ = false;
    return 0;
  }
  seconds clock() noexcept {
    const int hour = number(2);
    literal(":");
    const int minute = number(2);
    literal(":");
    const int second = number(2);
    ok_ = ok_ && hour < 24 && minute < 60 && second <= 60;
    return hours(hour) + minutes(minute) + seconds(second);
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

struct Date {
  int year = 0;
  unsigned month = 0;
  int day = 0;
  seconds clock{};
};

void read_imf_fixdate(Reader& in, Date& date) {
  in.one_of(kDays);
  in.literal(", ");
  date.day = in.number(2);
  in.literal(" ");
  date.month = in.one_of(kMonths);
  in.literal(" ");
  date.year = in.number(4);
  in.literal(" ");
  date.clock = in.clock();
  in.literal(" GMT");
}

void read_rfc850(Reader& in, Date& date) {
  in.one_of(kLongDays);
  in.literal(", ");
  date.day = in.number(2);
  in.literal("-");
  date.month = in.one_of(kMonths);
  in.literal("-");
  date.year = in.number(2);
  date.year += date.year < 70 ? 2000 : 1900;
  in.literal(" ");
  date.clock = in.clock();
  in.literal(" GMT");
}

void read_asctime(Reader& in, Date& date) {
  in.one_of(kDays);
  in.literal(" ");
  date.month = in.one_of(kMonths);
  in.literal(" ");
  date.day = in.padded_day();
  in.literal(" ");
  date.clock = in.clock();
  in.literal(" ");
  date.year = in.number(4);
}

}  // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text) noexcept {
  for (const auto read : {&read_imf_fixdate, &read_rfc850, &read_asctime}) {
    Reader in(text);
    Date date;
    read(in, date);
    if (!in.at_end()) continue;
    const year_month_day ymd{year(date.year), month(date.month + 1),
                             day(static_cast<unsigned>(date.day))};
    if (!ymd.ok()) return std::nullopt;
    return sys_days(ymd) + date.clock;
  }
  return std::nullopt;
}

std::string format_http_date(sys_seconds time) {
  const auto days_since = floor<days>(time);
  const year_month_day ymd(days_since);
  const hh_mm_ss clock(time - days_since);
  std::array<char, 40> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kDays[weekday(days_since).c_encoding()].data(), static_cast<unsigned>(ymd.day()),
      kMonths[static_cast<unsigned>(ymd.month()) - 1].data(), static_cast<int>(ymd.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace proto
