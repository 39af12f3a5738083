// The queue, as -bp and --status show it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sendmail-lite/queue.h"

namespace proto::sendmail {

struct QueueReport {
  std::string path;  // of the queue in use; entries of another one name theirs
  std::vector<EntryInfo> waiting, failed;
  std::vector<std::string> unreadable;  // a line each
};

QueueReport look_at(const Queue& queue);
// With what another queue holds, too.
void add_to(QueueReport& report, QueueReport other);

// Leaves out what is not `wanted`.
void keep_only(QueueReport& report, const std::function<bool(const QueuedEnvelope&)>& wanted);

// For mailq: an entry in a few lines.
std::string list_text(const QueueReport& report);
// One line.
std::string status_text(const QueueReport& report, Time now);
std::string status_json(const QueueReport& report, Time now);
// 69 where something failed, 74 where something cannot be read, 75 where something waits, else 0.
int status_of(const QueueReport& report);

}  // namespace proto::sendmail
