#include "sendmail-lite/queue_format.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace proto::sendmail {
namespace {

using std::chrono::seconds;

QueuedEnvelope full_envelope() {
  return {Time(seconds(1700000000)),
          "me@example.org",
          {"a@example.org", "jörg@example.org"},
          "<1@example.org>",
          "8BITMIME",
          "FAILURE",
          "HDRS",
          "id1",
          {"--host=mail.example.org", "--port=2525"},
          true};
}

TEST(QueueFormat, HeaderSurvivesTheRoundTrip) {
  const auto envelope = full_envelope();
  const std::string text = format_header(envelope, 123);
  const auto parsed = parse_header(text + "message\n\nmore");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->header_bytes, text.size());
  EXPECT_EQ(parsed->message_bytes, 123U);
  EXPECT_EQ(format_header(parsed->envelope, 123), text);
  EXPECT_EQ(parsed->envelope.to, envelope.to);
  EXPECT_EQ(parsed->envelope.options, envelope.options);
  EXPECT_TRUE(parsed->envelope.unprepared);
}

TEST(QueueFormat, TheNullSenderIsEmpty) {
  auto envelope = full_envelope();
  envelope.from.clear();
  const auto parsed = parse_header(format_header(envelope, 0));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->envelope.from, "");
}

TEST(QueueFormat, NoValueCanBreakItsLine) {
  auto envelope = full_envelope();
  envelope.to = {"a@b>\nto evil@example.org"};
  EXPECT_THROW(format_header(envelope, 0), std::invalid_argument);
}

TEST(QueueFormat, AHeaderCutAnywhereIsNone) {
  const std::string text = format_header(full_envelope(), 5);
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_header(text.substr(0, size))) << size;
}

TEST(QueueFormat, WhatIsNoHeaderIsRefused) {
  for (const char* text :
       {"", "\n\n", "sendmail-lite queue 2\nto a\nsize 1\n\n", "sendmail-lite queue 1\nto a\n\n",
        "sendmail-lite queue 1\nsize 1\n\n", "sendmail-lite queue 1\nto a\nsize -1\n\n",
        "sendmail-lite queue 1\nto a\nsize 1\nwhat ever\n\n"})
    EXPECT_FALSE(parse_header(text)) << text;
}

std::string sample_journal() {
  return sending_record(Time(seconds(10))) +
         outcome_record(0, {Fate::taken, 250, "2.0.0 queued\nas X"}) +
         outcome_record(1, {Fate::refused, 550, "5.1.1 no such user"}) +
         later_record(Time(seconds(20)), seconds(30), seconds(60), "greylisted .");
}

TEST(QueueFormat, JournalAddsUp) {
  const Journal journal = parse_journal(sample_journal() + "\n\n\n", 3);
  EXPECT_EQ(journal.end, sample_journal().size());
  EXPECT_EQ(journal.verdicts[0].fate, Fate::taken);
  EXPECT_EQ(journal.verdicts[0].text, "2.0.0 queued\\nas X");
  EXPECT_EQ(journal.verdicts[1].fate, Fate::refused);
  EXPECT_EQ(journal.verdicts[1].code, 550);
  EXPECT_EQ(journal.verdicts[2].fate, Fate::waiting);
  EXPECT_TRUE(journal.anyone_waiting());
  EXPECT_TRUE(journal.anyone_refused());
  EXPECT_EQ(journal.attempts, 1);
  EXPECT_EQ(journal.last, Time(seconds(20)));
  EXPECT_EQ(journal.age, seconds(30));
  EXPECT_EQ(journal.delay, seconds(60));
  EXPECT_EQ(journal.reason, "greylisted .");
  EXPECT_EQ(journal.uncertain, 0);
}

// A crash cuts a record short, or leaves zeros in its place: the records before it stay, it is
// none, and the next one is read.
TEST(QueueFormat, ATornRecordIsNoRecord) {
  const std::string whole = outcome_record(0, {Fate::taken, 250, "ok"});
  const std::string torn = outcome_record(12, {Fate::taken, 250, "ok"});
  for (std::size_t size = 0; size + 1 < torn.size(); ++size) {
    const std::string left = whole + torn.substr(0, size);
    for (const std::string& gap : {left, left + std::string(100, '\0')}) {
      const std::size_t end = parse_journal(gap + "\n\n", 20).end;
      const Journal after =
          parse_journal(gap.substr(0, end) + outcome_record(3, {Fate::refused, 550, "no"}), 20);
      EXPECT_EQ(after.verdicts[0].fate, Fate::taken);
      EXPECT_EQ(after.verdicts[1].fate, Fate::waiting);
      EXPECT_EQ(after.verdicts[12].fate, Fate::waiting) << size;
      EXPECT_EQ(after.verdicts[3].fate, Fate::refused) << size;
    }
  }
}

TEST(QueueFormat, AttemptsWithoutAnEndAreCounted) {
  const std::string sending = sending_record(Time(seconds(1)));
  const std::string later = later_record(Time(seconds(2)), seconds(0), seconds(60), "x");
  EXPECT_EQ(parse_journal(sending, 1).uncertain, 1);
  EXPECT_EQ(parse_journal(sending + later, 1).uncertain, 0);
  EXPECT_EQ(parse_journal(sending + sending, 1).uncertain, 2);
  EXPECT_EQ(parse_journal(sending + unknown_record(Time(seconds(2))) + later, 1).uncertain, 1);
}

TEST(QueueFormat, AVerdictForNobodyIsIgnored) {
  const Journal journal = parse_journal(outcome_record(7, {Fate::taken, 250, "ok"}), 2);
  EXPECT_TRUE(journal.anyone_waiting());
}

}  // namespace
}  // namespace proto::sendmail
