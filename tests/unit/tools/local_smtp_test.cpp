#include "sendmail-lite/local_smtp.h"

#include <gtest/gtest.h>

#include "support/feed.h"

namespace proto::sendmail {
namespace {

struct Served {
  std::string out, message;
  Request request;
  int submissions = 0;
};

Served serve(std::string_view input, Submitted result = {0, "id1", false, ""}) {
  Served served;
  const std::string out = test::however_cut(input, [&](const test::Pieces& pieces) {
    served = {};
    std::size_t piece = 0, at = 0;
    serve_local_smtp(
        [&](std::span<char> into) -> std::size_t {
          while (piece < pieces.size() && at == pieces[piece].size()) ++piece, at = 0;
          if (piece == pieces.size()) return 0;
          const std::size_t n = pieces[piece].copy(into.data(), into.size(), at);
          at += n;
          return n;
        },
        [&](std::string_view text) { served.out += text; },
        [&](std::string_view message, const Request& request) {
          served.message = message;
          served.request = request;
          ++served.submissions;
          return result;
        },
        "box");
    return served.out;
  });
  served.out = out;
  return served;
}

// The codes of the replies, the greeting's first.
std::string codes(const std::string& out) {
  std::string found;
  for (std::size_t at = 0; at < out.size(); at = out.find('\n', at) + 1)
    if (out[at + 3] != '-') found += out.substr(at, 3) + " ";
  return found;
}

const std::string kMail =
    "EHLO me\r\nMAIL FROM:<a@x.org> BODY=8BITMIME\r\nRCPT TO:<b@x.org>\r\nRCPT TO:<c@x.org>\r\n"
    "DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n";

TEST(LocalSMTP, KnowsTheCommandsOfRFC5321) {
  const Served served =
      serve("helo me\r\nNOOP\r\nVRFY a\r\nEXPN a\r\nHELP\r\nRSET\r\nSEND\r\nquit\r\nNOOP\r\n");
  EXPECT_EQ(codes(served.out), "220 250 250 252 502 214 250 500 221 ");
}

TEST(LocalSMTP, TakesAMessage) {
  const Served served = serve(kMail);
  EXPECT_EQ(codes(served.out), "220 250 250 250 250 354 250 221 ");
  EXPECT_EQ(served.message, "Subject: x\n\n.dot\n");
  EXPECT_EQ(served.request.sender, "a@x.org");
  EXPECT_EQ(served.request.recipients, (std::vector<std::string>{"b@x.org", "c@x.org"}));
}

TEST(LocalSMTP, TellsWhatBecameOfIt) {
  EXPECT_EQ(codes(serve(kMail, {69, "id1", false, "550 no"}).out),
            "220 250 250 250 250 354 554 221 ");
  EXPECT_EQ(codes(serve(kMail, {75, "", false, "later"}).out), "220 250 250 250 250 354 451 221 ");
  // Ours to deliver: a client that is told 4xx would send it a second time.
  EXPECT_EQ(codes(serve(kMail, {77, "id1", true, "login"}).out),
            "220 250 250 250 250 354 250 221 ");
}

TEST(LocalSMTP, TheNullSenderAndOrder) {
  const Served served = serve(
      "RCPT TO:<b>\nMAIL FROM:<>\nMAIL FROM:<x>\nDATA\nRCPT TO:<>\nRCPT FROM:<a>\nRCPT TO:<b>\n"
      "RSET\nDATA\nNOOP\nVRFY x\nWHAT\nHELO a\nQUIT\n");
  EXPECT_EQ(codes(served.out), "220 503 250 503 503 553 501 250 250 503 250 252 500 250 221 ");
  EXPECT_EQ(served.submissions, 0);
}

TEST(LocalSMTP, AMessageCutOffIsNone) {
  EXPECT_EQ(serve("MAIL FROM:<a>\nRCPT TO:<b>\nDATA\nx\n.").submissions, 0);
}

TEST(LocalSMTP, ALineWithoutEndIsRefused) {
  std::string input(100000, 'x');
  input += "\r\nQUIT\r\n";
  EXPECT_EQ(codes(serve(input).out), "220 500 221 ");
}

}  // namespace
}  // namespace proto::sendmail
