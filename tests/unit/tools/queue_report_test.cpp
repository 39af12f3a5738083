#include "sendmail-lite/report.h"

#include <gtest/gtest.h>

#include "support/memory_file_system.h"

namespace proto::sendmail {
namespace {

const Time kStart{std::chrono::seconds(1700000000)};

void add(Queue& queue, const std::string& to, bool unprepared = false) {
  QueuedEnvelope envelope;
  envelope.created = kStart;
  envelope.from = "me@example.org";
  envelope.to = {to};
  envelope.unprepared = unprepared;
  const std::string_view parts[] = {"Subject: x\r\n\r\nx\r\n"};
  queue.add(envelope, parts, kStart);
}

TEST(QueueReport, AnUnpreparedMessageThatNobodyTriedSaysWhatItWaitsFor) {
  test::MemoryFileSystem files;
  Queue queue(files, "/q");
  add(queue, "root", true);
  const QueueReport report = look_at(queue);
  for (const auto& text :
       {list_text(report), status_text(report, kStart), status_json(report, kStart)})
    EXPECT_NE(text.find("waits for a usable configuration"), std::string::npos) << text;
}

TEST(QueueReport, WhatTheLastAttemptSaidCountsMore) {
  test::MemoryFileSystem files;
  Queue queue(files, "/q");
  add(queue, "root", true);
  queue.take(queue.waiting().at(0))->postpone(kStart, {}, {}, "aliases: cannot be read");
  EXPECT_NE(status_text(look_at(queue), kStart).find(": aliases: cannot be read;"),
            std::string::npos);
}

TEST(QueueReport, OfTwoQueuesEachEntryIsListedUnderItsOwn) {
  test::MemoryFileSystem files;
  Queue queue(files, "/q"), own(files, "/own");
  add(queue, "a@example.org");
  add(own, "b@example.org");
  add(own, "c@example.org");
  own.take(own.waiting().at(0))->fail("why");
  QueueReport report = look_at(queue);
  add_to(report, look_at(own));
  const std::string list = list_text(report);
  EXPECT_NE(list.find("\nIn /own:\n"), std::string::npos) << list;
  EXPECT_NE(list.find("\nRefused for good, in /own/failed:\n"), std::string::npos) << list;
  EXPECT_EQ(list.find("In /q:"), std::string::npos) << list;
  EXPECT_NE(status_text(report, kStart).find("2 waiting"), std::string::npos);
  EXPECT_NE(status_json(report, kStart).find("\"queue\":\"/own\""), std::string::npos);
  EXPECT_EQ(status_of(report), 69);
}

}  // namespace
}  // namespace proto::sendmail
