#include "popsubjects/format.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "proto/header_text.h"
#include "proto/mail_address.h"

namespace proto::tools {

namespace {

// Bytes of a printed value: room for any honest subject, and no flood.
constexpr std::size_t kMaxPrinted = 16 * 1024;

std::string addresses(std::string_view value) {
  std::string out;
  for (const MailAddress& a : parse_address_list(value).addresses) {
    if (!out.empty()) out += ", ";
    const std::string bare = a.domain.empty() ? a.local : a.local + "@" + a.domain;
    out += a.display_name.empty() ? bare : a.display_name + " <" + bare + ">";
  }
  return out.empty() ? decode_header_text(value) : out;
}

std::string date(std::string_view value) {
  const auto parsed = parse_mail_date(value);
  if (!parsed) return decode_header_text(value);
  const auto local = parsed->time + parsed->offset;
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss clock(local - day);
  const auto minutes = static_cast<int>(parsed->offset.count());
  const int away = minutes < 0 ? -minutes : minutes;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d%c%02d:%02d",
                static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                static_cast<unsigned>(ymd.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), minutes < 0 ? '-' : '+', away / 60,
                away % 60);
  return text.data();
}

}  // namespace

Summary summarize(std::string_view header, const Wanted& wanted) {
  Summary summary;
  const auto take = [&](bool want, std::string_view name, auto read) -> std::string {
    if (!want) return {};
    const auto field = find_header_field(header, name);
    return field ? read(field->value()) : std::string();
  };
  const auto text = [](std::string_view value) { return decode_header_text(value); };
  summary.subject = take(wanted.subject, "Subject", text);
  summary.from = take(wanted.from, "From", addresses);
  summary.to = take(wanted.to, "To", addresses);
  summary.date = take(wanted.date, "Date", date);
  summary.message_id = take(wanted.message_id, "Message-ID", text);
  return summary;
}

Format::Format() : Format("Subject: {subject}") {}

Format::Format(std::string_view text) {
  std::string literal;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if ((c == '{' || c == '}') && next == c) {
      literal += c;
      ++i;
    } else if (c == '{') {
      const auto end = text.find('}', i);
      if (end == std::string_view::npos) throw std::invalid_argument("\"{\" is never closed");
      add_field(text.substr(i + 1, end - i - 1), std::exchange(literal, {}));
      i = end;
    } else if (c == '}') {
      throw std::invalid_argument("\"}\" without \"{\"");
    } else if (c == '\\' && (next == 'n' || next == 't' || next == '\\')) {
      literal += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
      ++i;
    } else {
      literal += c;
    }
  }
  parts_.push_back({literal + '\n', Field::none});
}

void Format::add_field(std::string_view name, std::string text) {
  struct Known {
    std::string_view name;
    Field field;
    bool Wanted::*wanted;
  };
  static constexpr Known kKnown[] = {
      {"subject", Field::subject, &Wanted::subject},
      {"from", Field::from, &Wanted::from},
      {"to", Field::to, &Wanted::to},
      {"date", Field::date, &Wanted::date},
      {"size", Field::size, &Wanted::size},
      {"uid", Field::uid, &Wanted::uid},
      {"number", Field::number, nullptr},
      {"message_id", Field::message_id, &Wanted::message_id},
  };
  for (const Known& known : kKnown) {
    if (known.name != name) continue;
    if (known.wanted != nullptr) wanted_.*known.wanted = true;
    parts_.push_back({std::move(text), known.field});
    const bool of_header =
        known.field != Field::number && known.field != Field::size && known.field != Field::uid;
    if (known.field == Field::subject || (of_header && reason_at_ == Field::none))
      reason_at_ = known.field;
    return;
  }
  throw std::invalid_argument("no such field: {" + std::string(name) + "}");
}

std::string Format::value(const Summary& summary, Field field) const {
  // A tab is where a line was folded, mostly: a blank like others.
  const auto shown = [](std::string text) {
    std::replace(text.begin(), text.end(), '\t', ' ');
    return printable_line(text, kMaxPrinted);
  };
  if (!summary.error.empty() && field == reason_at_ && field != Field::none)
    return shown("(" + summary.error + ")");
  switch (field) {
    case Field::none:
      return {};
    case Field::number:
      return std::to_string(summary.number);
    case Field::size:
      return summary.size ? std::to_string(*summary.size) : "";
    case Field::uid:
      return shown(summary.uid);
    case Field::subject:
      return shown(summary.subject);
    case Field::from:
      return shown(summary.from);
    case Field::to:
      return shown(summary.to);
    case Field::date:
      return shown(summary.date);
    case Field::message_id:
      return shown(summary.message_id);
  }
  return {};
}

std::string Format::print(const Summary& summary) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.text;
    out += value(summary, part.field);
  }
  // "Subject:", not "Subject: ": no blank where there is nothing behind it.
  while (out.ends_with(" \n")) out.erase(out.size() - 2, 1);
  return out;
}

std::string to_json(const Summary& summary, bool ascii) {
  nlohmann::ordered_json json;
  json["number"] = summary.number;
  if (!summary.error.empty()) {
    json["error"] = summary.error;
  } else {
    json["subject"] = summary.subject;
    json["from"] = summary.from;
    json["to"] = summary.to;
    json["date"] = summary.date;
    json["message_id"] = summary.message_id;
  }
  json["size"] = nullptr;
  json["uid"] = nullptr;
  if (summary.size) json["size"] = *summary.size;
  if (!summary.uid.empty()) json["uid"] = summary.uid;
  return json.dump(-1, ' ', ascii, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace proto::tools
