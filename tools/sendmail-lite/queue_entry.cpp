// What is done with one entry of the queue, under its lock.
#include <fcntl.h>

#include <algorithm>

#include "sendmail-lite/queue_calls.h"

namespace proto::sendmail {

std::size_t Entry::read_at(std::uint64_t offset, std::span<char> into) const {
  const std::uint64_t left = message_bytes() - std::min(offset, message_bytes());
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, into.size()));
  queue_->read_exactly(file_.fd(), header_.header_bytes + offset, into.first(size));
  return size;
}

void Entry::append(std::string_view record) {
  const std::uint64_t begin = header_.header_bytes + header_.message_bytes;
  const std::uint64_t at = journal_.end;
  // First: what a failed write leaves behind must not run into the next record.
  journal_.end += record.size();
  queue_->write_all(file_.fd(), record, begin + at);
}

void Entry::sync() {
  queue_->check("sync", "new/" + id_, [&] { return queue_->files_.fsync(file_.fd()); });
}

void Entry::mark_sending(Time now) {
  append(sending_record(now));
  sync();
}

void Entry::record(const std::vector<std::pair<std::size_t, Outcome>>& verdicts) {
  std::string records;
  for (const auto& [recipient, verdict] : verdicts) {
    records += outcome_record(recipient, verdict);
    journal_.verdicts.at(recipient) = verdict;
  }
  append(records);
  sync();
}

void Entry::postpone(Time now, std::chrono::seconds age, std::chrono::seconds delay,
                     std::string_view reason) {
  append(later_record(now, age, delay, reason));
  ++journal_.attempts;
  journal_.last = now;
  journal_.age = age;
  journal_.delay = delay;
  journal_.reason = reason;
}

void Entry::note_unknown(Time now) {
  append(unknown_record(now));
  ++journal_.uncertain;
}

void Entry::remove() {
  const Queue& q = *queue_;
  const int gone = retried([&] { return q.files_.unlinkat(q.new_.fd(), id_); });
  if (gone < 0 && gone != -ENOENT) q.fail("remove", "new/" + id_, -gone);
  q.check("sync", "new", [&] { return q.files_.fsync(q.new_.fd()); });
}

void Entry::fail(std::string_view report) {
  const Queue& q = *queue_;
  const std::string name = id_ + std::string(kReasonSuffix);
  const int fd = retried([&] {
    return q.files_.openat(q.failed_.fd(), name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  });
  if (fd >= 0) {
    const File file(q.files_, fd);
    try {
      q.write_all(fd, report, 0);
      q.check("sync", "failed/" + name, [&] { return q.files_.fsync(fd); });
    } catch (const QueueError&) {
      // A full disk has no room for the report; what the server said is in the journal too.
    }
  }
  q.check("move", "new/" + id_,
          [&] { return q.files_.renameat(q.new_.fd(), id_, q.failed_.fd(), id_); });
  // Where a crash left both names on one file, rename leaves both and says 0.
  retried([&] { return q.files_.unlinkat(q.new_.fd(), id_); });
  q.check("sync", "failed", [&] { return q.files_.fsync(q.failed_.fd()); });
  q.check("sync", "new", [&] { return q.files_.fsync(q.new_.fd()); });
}

}  // namespace proto::sendmail
