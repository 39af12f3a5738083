#include "sendmail-lite/report.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/characters.h"
#include "common/mail_exit.h"

namespace proto::sendmail {
namespace {

// "2023-11-14 22:13:20 UTC"
std::string text_of(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const auto two = [](auto n) {
    const std::string digits = std::to_string(n);
    return digits.size() < 2 ? "0" + digits : digits;
  };
  return std::to_string(static_cast<int>(date.year())) + "-" +
         two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day())) +
         " " + two(clock.hours().count()) + ":" + two(clock.minutes().count()) + ":" +
         two(clock.seconds().count()) + " UTC";
}

// Why it waits; one that no flush has touched may have its reason in how it was queued.
std::string reason_of(const EntryInfo& entry) {
  const bool untried = entry.journal.reason.empty();
  return untried && entry.envelope.unprepared ? "waits for a usable configuration"
                                              : entry.journal.reason;
}

// What a failed entry was refused with.
std::string refusal_of(const EntryInfo& entry) {
  for (const auto& outcome : entry.journal.verdicts) {
    if (outcome.fate != Fate::refused) continue;
    return (outcome.code == 0 ? "" : std::to_string(outcome.code) + " ") + outcome.text;
  }
  return {};
}

const EntryInfo* oldest_of(const QueueReport& report) {
  const auto at = std::min_element(report.waiting.begin(), report.waiting.end(),
                                   [](const EntryInfo& a, const EntryInfo& b) {
                                     return a.envelope.created < b.envelope.created;
                                   });
  return at == report.waiting.end() ? nullptr : &*at;
}

// Of the entry that was tried last.
std::string last_error(const QueueReport& report) {
  const EntryInfo* last = nullptr;
  for (const auto& entry : report.waiting)
    if (!reason_of(entry).empty() && (!last || entry.journal.last >= last->journal.last))
      last = &entry;
  return last == nullptr ? "" : reason_of(*last);
}

std::chrono::seconds age_of(const EntryInfo& entry, Time now) {
  return std::max(std::chrono::seconds::zero(), now - entry.envelope.created);
}

std::string span_text(std::chrono::seconds span) {
  const auto s = span.count();
  if (s < 120) return std::to_string(s) + " s";
  if (s < 7200) return std::to_string(s / 60) + " min";
  if (s < 48 * 3600) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86400) + " days";
}

nlohmann::json json_of(const EntryInfo& entry, const std::string& reason) {
  return {{"id", entry.id},
          {"queue", entry.queue},
          {"created", entry.envelope.created.time_since_epoch().count()},
          {"bytes", entry.message_bytes},
          {"from", entry.envelope.from},
          {"to", entry.envelope.to},
          {"message_id", entry.envelope.message_id},
          {"attempts", entry.journal.attempts},
          {"uncertain", entry.journal.uncertain},
          {"reason", reason}};
}

template <typename Look>
void collect(const std::vector<std::string>& ids, Look look, std::vector<EntryInfo>& into,
             std::vector<std::string>& unreadable) {
  for (const auto& id : ids) {
    try {
      if (auto entry = look(id)) into.push_back(std::move(*entry));
    } catch (const QueueError& e) {
      unreadable.emplace_back(e.what());
    }
  }
}

}  // namespace

QueueReport look_at(const Queue& queue) {
  QueueReport report;
  report.path = queue.path();
  collect(
      queue.waiting(), [&](const std::string& id) { return queue.look(id); }, report.waiting,
      report.unreadable);
  collect(
      queue.failed(), [&](const std::string& id) { return queue.look_failed(id); }, report.failed,
      report.unreadable);
  return report;
}

void add_to(QueueReport& report, QueueReport other) {
  const auto move = [](auto& from, auto& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  move(other.waiting, report.waiting);
  move(other.failed, report.failed);
  move(other.unreadable, report.unreadable);
}

void keep_only(QueueReport& report, const std::function<bool(const QueuedEnvelope&)>& wanted) {
  for (auto* const entries : {&report.waiting, &report.failed})
    std::erase_if(*entries, [&](const EntryInfo& entry) { return !wanted(entry.envelope); });
}

std::string list_text(const QueueReport& report) {
  std::string text;
  const auto add = [&](const EntryInfo& entry, const std::string& reason) {
    text += entry.id + "  " + std::to_string(entry.message_bytes) + " bytes  " +
            text_of(entry.envelope.created) + "  <" + escaped(entry.envelope.from) + ">\n";
    if (!reason.empty()) text += "    (" + reason + ")\n";
    for (std::size_t i = 0; i < entry.envelope.to.size(); ++i)
      if (entry.journal.verdicts[i].fate != Fate::taken)
        text += "    " + escaped(entry.envelope.to[i]) + "\n";
  };
  std::string folder = report.path;
  for (const auto& entry : report.waiting) {
    if (entry.queue != folder) text += "In " + (folder = entry.queue) + ":\n";
    add(entry, reason_of(entry));
  }
  folder.clear();
  for (const auto& entry : report.failed) {
    if (entry.queue != folder)
      text += "Refused for good, in " + (folder = entry.queue) + "/failed:\n";
    add(entry, refusal_of(entry));
  }
  for (const auto& line : report.unreadable) text += line + "\n";
  if (text.empty()) return "Mail queue is empty\n";
  return text + "-- " + std::to_string(report.waiting.size()) + " waiting, " +
         std::to_string(report.failed.size()) + " failed\n";
}

std::string status_text(const QueueReport& report, Time now) {
  std::string text = std::to_string(report.waiting.size()) + " waiting";
  if (const EntryInfo* oldest = oldest_of(report)) {
    text += " since " + text_of(oldest->envelope.created) + " (" + span_text(age_of(*oldest, now)) +
            ")";
    if (const std::string error = last_error(report); !error.empty()) text += ": " + error;
  }
  text += "; " + std::to_string(report.failed.size()) + " failed";
  if (!report.failed.empty()) text += ": " + refusal_of(report.failed.back());
  if (!report.unreadable.empty())
    text += "; " + std::to_string(report.unreadable.size()) +
            " unreadable: " + report.unreadable.front();
  return text + "\n";
}

std::string status_json(const QueueReport& report, Time now) {
  const EntryInfo* const oldest = oldest_of(report);
  nlohmann::json json = {{"queue", report.path},
                         {"waiting", report.waiting.size()},
                         {"failed", report.failed.size()},
                         {"unreadable", report.unreadable},
                         {"last_error", last_error(report)}};
  json["oldest"] = oldest == nullptr
                       ? nlohmann::json()
                       : nlohmann::json(oldest->envelope.created.time_since_epoch().count());
  json["oldest_age"] =
      oldest == nullptr ? nlohmann::json() : nlohmann::json(age_of(*oldest, now).count());
  json["messages"] = nlohmann::json::array();
  json["failures"] = nlohmann::json::array();
  for (const auto& entry : report.waiting)
    json["messages"].push_back(json_of(entry, reason_of(entry)));
  for (const auto& entry : report.failed)
    json["failures"].push_back(json_of(entry, refusal_of(entry)));
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

int status_of(const QueueReport& report) {
  if (!report.failed.empty()) return tools::kUnavailable;
  if (!report.unreadable.empty()) return tools::kInputOutput;
  return report.waiting.empty() ? tools::kDone : tools::kTryLater;
}

}  // namespace proto::sendmail
