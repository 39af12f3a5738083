#include "proto/mail_address.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "proto/header_text.h"

namespace proto {
namespace {

// "name <local|domain>", one a line; groups in braces; defects counted.
std::string shown(std::string_view text) {
  const AddressList list = parse_address_list(text);
  std::string out;
  for (const MailAddress& a : list.addresses) {
    if (!out.empty()) out += "; ";
    if (!a.group.empty()) out += "{" + a.group + "} ";
    if (!a.display_name.empty()) out += a.display_name + " ";
    out += "<" + a.local + "|" + a.domain + ">";
  }
  if (!list.defects.empty()) out += " !" + std::to_string(list.defects.size());
  return out;
}

TEST(AddressList, ReadsNamesAndAddresses) {
  EXPECT_EQ(shown("joe@example.org"), "<joe|example.org>");
  EXPECT_EQ(shown("Joe Q. Public <john.q.public@example.com>"),
            "Joe Q. Public <john.q.public|example.com>");
  EXPECT_EQ(shown("\"Joe, \\\"X\\\"\" <a@b>, <c@d>,e@f"), "Joe, \"X\" <a|b>; <c|d>; <e|f>");
  EXPECT_EQ(shown("=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_M?= <j@x>"), "Jörg M <j|x>");
  EXPECT_EQ(shown("Jörg <jörg@köln.example>"), "Jörg <jörg|köln.example>");
  EXPECT_EQ(shown("J\xf6rg <j@x>"), "Jörg <j|x>");
  EXPECT_EQ(shown("root"), "<root|>");
  EXPECT_EQ(shown("root, \"o'x y\"@[192.0.2.1]"), "<root|>; <o'x y|[192.0.2.1]>");
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown(" , ,\r\n "), "");
}

TEST(AddressList, ReadsGroups) {  // RFC 5322 appendix A.1.3
  EXPECT_EQ(
      shown("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
      "{A Group} Ed Jones <c|a.test>; {A Group} <joe|where.test>; {A Group} John <jdoe|one.test>");
  EXPECT_EQ(shown("Undisclosed recipients:;"), "");
  EXPECT_EQ(shown("a@b, G: c@d;, e@f"), "<a|b>; {G} <c|d>; <e|f>");
}

TEST(AddressList, NamesTheGroupsThatAreEmpty) {
  const AddressList list = parse_address_list("a@b, One:;, Two: c@d;, \"T, three\":;, :;, Open:");
  EXPECT_EQ(list.empty_groups, (std::vector<std::string>{"One", "T, three"}));
  EXPECT_EQ(list.addresses.size(), 2U);
  EXPECT_TRUE(list.defects.empty());
}

TEST(AddressList, ReadsCommentsAndObsoleteForms) {  // RFC 5322 appendix A.5, A.6
  EXPECT_EQ(shown("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"),
            "Pete <pete|silly.test>");
  EXPECT_EQ(shown("joe@example.org (Joe (the) User)"), "Joe (the) User <joe|example.org>");
  EXPECT_EQ(shown("Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test  . example"),
            "Mary Smith <mary|example.net>; <jdoe|test.example>");
  EXPECT_EQ(shown("john . doe @ example . org"), "<john.doe|example.org>");
  EXPECT_EQ(shown("Joe joe@example.org"), "Joe <joe|example.org>");
  EXPECT_EQ(shown("a@example.org."), "<a|example.org>");
}

// What many programs write, and none of the RFC's rules allow.
TEST(AddressList, TakesAnythingBeforeTheBracketForAName) {
  EXPECT_EQ(shown("joe@x.org <joe@x.org>"), "joe@x.org <joe|x.org>");
  EXPECT_EQ(shown("[Ext] Joe <joe@x.org>, a@b"), "[Ext] Joe <joe|x.org>; <a|b>");
  EXPECT_EQ(shown("Joe @ Work (nights) <joe@x.org>"), "Joe @ Work (nights) <joe|x.org>");
  EXPECT_EQ(shown("G: joe@x.org <joe@x.org>; a@b"), "{G} joe@x.org <joe|x.org>; <a|b>");
  EXPECT_EQ(shown("a@b c@d, joe@x.org <joe@x.org>"), "joe@x.org <joe|x.org> !1");
  EXPECT_EQ(shown("joe@x.org <joe@x.org> <a@b>, c@d <>"), " !2");
  EXPECT_EQ(shown("a@b>RCPT TO:<x, a> b <c@d>, a@b: <c@d>"), " !3");
  EXPECT_EQ(MailAddress::parse("joe@x.org <joe@x.org>").to_string(), "\"joe@x.org\" <joe@x.org>");
}

TEST(AddressList, PassesOverWhatIsNone) {
  EXPECT_EQ(shown("John Smith, a@b"), "<a|b> !1");
  EXPECT_EQ(shown("a@b@c.org, d@e"), "<d|e> !1");  // CVE-2019-16056's kind
  EXPECT_EQ(shown("<>, a@b"), "<a|b> !1");
  EXPECT_EQ(shown("a@, @b, c@d"), "<c|d> !2");
  EXPECT_EQ(shown("<a b@c>, d@e"), "<d|e> !1");
  EXPECT_EQ(shown("a@b\\x, ok@x"), "<ok|x> !1");
  EXPECT_EQ(shown(std::string_view("a\0b@c, d@e", 10)), "<d|e> !1");
  EXPECT_EQ(shown("\"open <a@b>"), "<open <a@b>|>");
  EXPECT_EQ(shown("Joe <a@b"), "Joe <a|b>");
  EXPECT_EQ(shown(std::string(256, 'x') + "@y"), " !1");
  EXPECT_EQ(shown("a@[2\":1]"), " !1");
  EXPECT_EQ(shown("j\xf6rg@x"), "<jörg|x>");
}

TEST(AddressList, BoundsItsDefectsAndTakesLinearTime) {
  for (const std::string unit :
       {"a b,", "<", "(", "\"", "@", ":", "a:", ";", "x ", "a.", "<@", "a@b,"}) {
    std::string text;
    while (text.size() < (1 << 20)) text += unit;
    EXPECT_LE(parse_address_list(text).defects.size(), 100U) << unit;
  }
}

TEST(MailAddress, ParsesExactlyOne) {
  EXPECT_EQ(MailAddress::parse("Joe <joe@example.org>"),
            (MailAddress{"Joe", "joe", "example.org", ""}));
  for (const char* text : {"", "a@b, c@d", "a@b@c", "John Smith"}) {
    EXPECT_THROW(MailAddress::parse(text), std::invalid_argument) << text;
  }
}

TEST(MailAddress, IsWrittenAsHeadersNeedIt) {
  EXPECT_EQ((MailAddress{"", "joe", "x.org", ""}).to_string(), "joe@x.org");
  EXPECT_EQ((MailAddress{"Joe User", "joe", "x.org", ""}).to_string(), "Joe User <joe@x.org>");
  // A dot in a phrase is obsolete: never to be written (RFC 5322 §4.1).
  EXPECT_EQ((MailAddress{"Joe Q. User", "joe", "x.org", ""}).to_string(),
            "\"Joe Q. User\" <joe@x.org>");
  EXPECT_EQ((MailAddress{"User, \"Joe\"", "joe", "x.org", ""}).to_string(),
            "\"User, \\\"Joe\\\"\" <joe@x.org>");
  EXPECT_EQ((MailAddress{"Jörg", "j", "x.org", ""}).to_string(), "=?utf-8?B?SsO2cmc=?= <j@x.org>");
  EXPECT_EQ((MailAddress{"", "a b\"", "x.org", ""}).to_string(), "\"a b\\\"\"@x.org");
  EXPECT_EQ((MailAddress{"", "a..b.", "x.org", ""}).to_string(), "a..b.@x.org");
  EXPECT_EQ((MailAddress{"", "root", "", ""}).to_string(), "root");
}

TEST(MailAddress, RefusesWhatCouldLeaveItsPlace) {
  EXPECT_THROW((MailAddress{"", "a\r\nb", "x", ""}).address(), std::invalid_argument);
  EXPECT_THROW((MailAddress{"", "a", "x>\r\nRCPT TO:<y", ""}).address(), std::invalid_argument);
  EXPECT_THROW((MailAddress{"", "a", "x y", ""}).address(), std::invalid_argument);
  EXPECT_THROW((MailAddress{"a\nb", "a", "x", ""}).to_string(), std::invalid_argument);
}

TEST(MailAddress, RefusesControlCharactersAsItsParserDoes) {
  for (const char c : {'\t', '\x01', '\x7f', '\0', '\n'}) {
    const std::string local = std::string("a") + c + "b";
    EXPECT_THROW((MailAddress{"", local, "x", ""}).address(), std::invalid_argument) << int{c};
  }
}

// RFC 2047 §2: 76 with the comma, the colon and the semicolon; RFC 5322 §2.1.1: else 78.
TEST(AddressList, IsFoldedWithWhatStandsBehindItsWords) {
  for (std::size_t size = 1; size < 67; ++size) {
    const std::string local(size, 'x');
    for (const std::string& name : {std::string(), std::string("Jörg"), std::string(30, 'n')}) {
      const std::vector<MailAddress> list = {{name, local, "x.org", ""},
                                             {name, "b", "x.org", "Grüße" + local},
                                             {name, local, "x.org", "Grüße" + local},
                                             {name, local, "x.org", "group"},
                                             {name, local, "x.org", ""}};
      const std::string text = "To: " + format_address_list(list, 4);
      for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find("\r\n"));
        rest.remove_prefix(std::min(rest.size(), line.size() + 2));
        EXPECT_LE(line.size(), line.find("=?") != line.npos ? 76U : 78U) << text;
      }
      EXPECT_EQ(parse_address_list(text.substr(4)).addresses, list) << text;
    }
  }
}

TEST(MailAddress, ComesBackTheSame) {
  std::string long_name;
  for (int i = 0; i < 50; ++i) long_name += "Große Namen ";
  const std::vector<MailAddress> list = {{"", "joe", "x.org", ""},
                                         {"Joe  Double", "j", "x.org", ""},
                                         {"a=?b", "j", "x.org", "Grüße, alle"},
                                         {long_name + "x", "j", "x.org", "Grüße, alle"},
                                         {"", "w ö", "köln.example", "Two"},
                                         {"\\\"<>@,;:", "\\\"<>@,;:", "[IPv6:2001:db8::1]", ""},
                                         {std::string(600, 'n'), "root", "", ""}};
  const std::string text = format_address_list(list, 4);
  const AddressList again = parse_address_list(text);
  EXPECT_TRUE(again.defects.empty()) << text;
  EXPECT_EQ(again.addresses, list) << text;
  std::size_t column = 4;
  for (const char c : text) {
    column = c == '\n' ? 0 : column + 1;
    EXPECT_LE(column, 79U) << text;  // with the CR
  }
}

TEST(EnvelopeAddress, TakesPaths) {
  EXPECT_EQ(envelope_address("joe@example.org").address, "joe@example.org");
  EXPECT_EQ(envelope_address("<joe@example.org>").address, "joe@example.org");
  EXPECT_EQ(envelope_address("postmaster").address, "postmaster");
  EXPECT_EQ(envelope_address("\"a b>\"@x.org").address, "\"a b>\"@x.org");
  EXPECT_EQ(envelope_address("a@[192.0.2.1]").domain(), "[192.0.2.1]");
  EXPECT_EQ(envelope_address("a..b@docomo.example").address, "a..b@docomo.example");
  EXPECT_EQ(envelope_address("a+b=c@my_host").domain(), "my_host");
  EXPECT_EQ(envelope_address("\"a@b\"").domain(), "");
}

TEST(EnvelopeAddress, KnowsTheNullSender) {
  EXPECT_TRUE(envelope_address("").is_null());
  EXPECT_TRUE(envelope_address("<>").is_null());
  EXPECT_FALSE(envelope_address("a").is_null());
}

TEST(EnvelopeAddress, SaysWhetherSmtputf8IsNeeded) {
  EXPECT_FALSE(envelope_address("joe@example.org").needs_smtputf8);
  EXPECT_TRUE(envelope_address("jörg@example.org").needs_smtputf8);
  EXPECT_TRUE(envelope_address("joe@köln.example").needs_smtputf8);
}

// SMTP row 34, and its kin.
TEST(EnvelopeAddress, Hostile34_RefusesInjection) {
  for (const std::string& text : {std::string("a@b>\r\nRCPT TO:<x"),
                                  std::string("a> SIZE=1"),
                                  std::string("a@b> SIZE=1"),
                                  std::string("a@b SIZE=1"),
                                  std::string("a b@c"),
                                  std::string("a@b\n"),
                                  std::string("a@b\0", 4),
                                  std::string("<a@b"),
                                  std::string("a@b>"),
                                  std::string("<<a@b>>"),
                                  std::string("a@b,c@d"),
                                  std::string("a@b@c"),
                                  std::string("@b"),
                                  std::string("a@"),
                                  std::string("a@.b"),
                                  std::string("a@b..c"),
                                  std::string("a@b."),
                                  std::string("\"a@b"),
                                  std::string("\"a\\\""),
                                  std::string("\"a\tb\"@c"),
                                  std::string("\"a\"b@c"),
                                  std::string("a@[1.2.3.4"),
                                  std::string("a@[1.2 3]"),
                                  std::string("a@[x]y"),
                                  std::string("a\x7f@b"),
                                  std::string("a\xff@b"),
                                  std::string("Joe <a@b>"),
                                  std::string(" a@b"),
                                  std::string("@r:a@b"),
                                  std::string("a\\@b")}) {
    EXPECT_THROW(envelope_address(text), std::invalid_argument) << text;
  }
}

TEST(EnvelopeAddress, KeepsTheLimitsOfRfc5321) {
  const std::string label(60, 'd');
  const std::string domain = label + '.' + label + '.' + label + '.' + label;
  EXPECT_NO_THROW(envelope_address(std::string(64, 'a') + "@b"));
  EXPECT_THROW(envelope_address(std::string(65, 'a') + "@b"), std::invalid_argument);
  EXPECT_NO_THROW(envelope_address("a@" + domain));
  EXPECT_NO_THROW(envelope_address(std::string(10, 'a') + "@" + domain));
  EXPECT_THROW(envelope_address(std::string(11, 'a') + "@" + domain), std::invalid_argument);
  EXPECT_THROW(envelope_address("a@" + std::string(64, 'd')), std::invalid_argument);
}

TEST(AsciiDomain, MakesALabels) {
  EXPECT_EQ(ascii_domain("example.org"), "example.org");
  EXPECT_EQ(ascii_domain(std::string_view("k\0\xc3\xb6", 4)), std::nullopt);
#ifdef PROTO_WITH_IDN
  EXPECT_EQ(ascii_domain("köln.example"), "xn--kln-sna.example");
  EXPECT_EQ(ascii_domain("straße.example"), "xn--strae-oqa.example");
#endif
}

// IDNA's mapping makes ASCII of wide letters and of no-break blanks.
TEST(AsciiDomain, MakesNothingThatIsNoDomain) {
  for (const char* domain :
       {"b\uff1e.example", "b\u00a0", "b\uff20x.example", "b.example\uff1eSIZE\uff1d1"}) {
    EXPECT_EQ(ascii_domain(domain), std::nullopt) << domain;
  }
}

}  // namespace
}  // namespace proto
