#include <gtest/gtest.h>

#include <stdexcept>

#include "popsubjects/format.h"
#include "popsubjects/seen.h"
#include "support/process.h"

namespace proto::tools {
namespace {

constexpr std::string_view kHeader =
    "From: =?utf-8?q?J=C3=B6?= <jo@example.org>\r\n"
    "To: a@example.org, \"B, C\" <b@example.org>\r\n"
    "Subject: one\r\n two\r\n"
    "Date: Tue, 02 Jan 2024 15:04:05 -0230\r\n"
    "Message-ID: <1@example.org>\r\n\r\n";

std::string printed(std::string_view format, std::string_view header = kHeader) {
  const Format f(format);
  Summary summary = summarize(header, f.wanted());
  summary.number = 7;
  return f.print(summary);
}

TEST(PopsubjectsFormat, Fields) {
  EXPECT_EQ(printed("{number}: {subject}"), "7: one two\n");
  EXPECT_EQ(printed("{from} -> {to}"),
            "Jö <jo@example.org> -> a@example.org, B, C <b@example.org>\n");
  EXPECT_EQ(printed("{date}"), "2024-01-02T15:04:05-02:30\n");
  EXPECT_EQ(printed("{message_id}"), "<1@example.org>\n");
  EXPECT_EQ(printed("{size}{uid}"), "\n");
}

TEST(PopsubjectsFormat, OfAMessageThatCouldNotBeHadTheReason) {
  const auto shown = [](std::string_view format) {
    Summary summary;
    summary.number = 3;
    summary.error = "gone";
    return Format(format).print(summary);
  };
  EXPECT_EQ(shown("{number} {from}: {subject}"), "3 : (gone)\n");
  EXPECT_EQ(shown("{number} {from}, {date}"), "3 (gone),\n");
  EXPECT_EQ(shown("{number} {uid} {message_id}"), "3  (gone)\n");
  EXPECT_EQ(Format().print({3, {}, {}, {}, {}, {}, {}, {}, "gone"}), "Subject: (gone)\n");
}

TEST(PopsubjectsFormat, ATabIsABlank) {
  const Format format;
  EXPECT_EQ(format.print(summarize("Subject: folded\r\n\tonce\r\n\r\n", format.wanted())),
            "Subject: folded once\n");
}

TEST(PopsubjectsFormat, LiteralText) {
  EXPECT_EQ(printed(R"({{x}}\t\\\n{number}\q)"), "{x}\t\\\n7\\q\n");
}

TEST(PopsubjectsFormat, NamesWhatItDoesNotKnow) {
  for (const char* text : {"{x}", "{", "}", "{subject", "{}"})
    EXPECT_THROW(Format{text}, std::invalid_argument) << text;
}

TEST(PopsubjectsFormat, WithoutASubject) {
  const Format format;
  EXPECT_EQ(format.print(summarize("From: x\r\n\r\n", format.wanted())), "Subject:\n");
}

// Row 24 of the hostile cases: whatever stands in a subject, it is one bounded printable line.
TEST(PopsubjectsFormat, OneBoundedPrintableLine) {
  const std::string megabyte(1 << 20, 'A');
  for (const std::string& subject :
       {std::string("\x1b[2J\x07\x9b"), std::string("=?utf-8?Q?=1B=0A=0D=00?="),
        std::string("\xe2\x80\xae\xe2\x81\xa6"), std::string("=?utf-8?Q?=ZZ?= =?x?Z?a?="),
        "=?utf-8?B?" + megabyte + "?=", megabyte}) {
    const std::string line = printed("{subject}", "Subject: " + subject + "\r\n\r\n");
    EXPECT_LE(line.size(), 64U * 1024);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    for (const char c : line.substr(0, line.size() - 1))
      EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    EXPECT_EQ(line.find("\xe2\x80\xae"), std::string::npos);
  }
}

TEST(PopsubjectsFormat, Json) {
  Summary summary = summarize(kHeader, kAllOfIt);
  summary.number = 7;
  summary.size = 1234;
  EXPECT_EQ(to_json(summary, false),
            R"({"number":7,"subject":"one two","from":"Jö <jo@example.org>",)"
            R"("to":"a@example.org, B, C <b@example.org>","date":"2024-01-02T15:04:05-02:30",)"
            R"("message_id":"<1@example.org>","size":1234,"uid":null})"
            "\n");
  EXPECT_NE(to_json(summary, true).find(R"(J\u00f6)"), std::string::npos);
  Summary bad;
  bad.number = 8;
  bad.error = "gone";
  EXPECT_EQ(to_json(bad, false), R"({"number":8,"error":"gone","size":null,"uid":null})"
                                 "\n");
}

TEST(PopsubjectsSeen, RemembersWhatItWasTold) {
  const test::TempFolder folder;
  const std::string path = folder.file("a/b/state");
  {
    Seen seen(path, "ann@mail:995");
    EXPECT_FALSE(seen.contains("x"));
    seen.replace({"x", "y"});
  }
  Seen seen(path, "ann@mail:995");
  EXPECT_TRUE(seen.contains("x"));
  EXPECT_TRUE(seen.contains("y"));
  EXPECT_FALSE(seen.contains("z"));
}

TEST(PopsubjectsSeen, OneRunAtATime) {
  const test::TempFolder folder;
  const Seen seen(folder.file("state"), "ann@mail:995");
  EXPECT_THROW(Seen(folder.file("state"), "ann@mail:995"), StateBusyError);
}

TEST(PopsubjectsSeen, RefusesWhatIsNotItsOwn) {
  const test::TempFolder folder;
  for (const char* text : {"", "popsubjects 1 ann@mail:995", "popsubjects 1 bob@mail:995\nx\n",
                           "something else\n", "popsubjects 1 ann@mail:995\nx"}) {
    const std::string path = folder.write("state", text);
    EXPECT_THROW(Seen(path, "ann@mail:995"), StateError) << text;
  }
  EXPECT_THROW(Seen(folder.path(), "ann@mail:995"), StateError) << "a folder";
}

TEST(PopsubjectsSeen, TheDefaultPathIsOneFileName) {
  const std::string path = default_state_path("a/../b@mail:995");
  EXPECT_TRUE(path.ends_with("/popsubjects/a%2f..%2fb@mail%3a995")) << path;
}

}  // namespace
}  // namespace proto::tools
