#include "proto/pop3.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "support/pop3_scripts.h"

namespace proto {
namespace {

using namespace test;

// What the tutorial does (Listing 27), reply by reply.
TEST(POP3, TheTutorialsConversation) {
  ScriptedPeer peer(logs_in() + answers("STAT", "+OK 2 320\r\n") +
                    answers("RETR 1", "+OK 120 octets\r\nSubject: Hi\r\n\r\n..dot\r\n.\r\n") +
                    answers("TOP 2 0", "+OK\r\nSubject: Ho\r\n\r\n.\r\n") +
                    answers("QUIT", "+OK bye\r\n"));
  POP3 pop = connect_to(peer);
  EXPECT_EQ(pop.getwelcome(), "ready");
  pop.user("ann");
  pop.pass_("secret");
  const auto [count, bytes] = pop.stat();
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(bytes, 320U);
  const auto [response, lines, octets] = pop.retr(1);
  EXPECT_EQ(response, "120 octets");
  EXPECT_EQ(lines, (std::vector<std::string>{"Subject: Hi", "", ".dot"}));
  EXPECT_EQ(octets, 21U);
  EXPECT_EQ(pop.top(2, 0).lines, (std::vector<std::string>{"Subject: Ho", ""}));
  EXPECT_EQ(pop.quit(), "bye");
  EXPECT_FALSE(pop.is_open());
}

TEST(POP3, Listings) {
  ScriptedPeer peer(logs_in() + answers("LIST", "+OK\r\n1 120\r\n2 200 more\r\n.\r\n") +
                    answers("LIST 2", "+OK 2 200\r\n") +
                    answers("UIDL", "+OK\r\n1 abc\r\n2 d!~\r\n.\r\n") +
                    answers("UIDL 1", "+OK 1 abc\r\n"));
  POP3 pop = log_in(peer);
  const auto list = pop.list();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1].number, 2U);
  EXPECT_EQ(list[1].octets, 200U);
  EXPECT_EQ(pop.list(2), 200U);
  const auto uids = pop.uidl();
  ASSERT_EQ(uids.size(), 2U);
  EXPECT_EQ(uids[1].uid, "d!~");
  EXPECT_EQ(pop.uidl(1), "abc");
}

TEST(POP3, StreamsAMessageIntoASink) {
  ScriptedPeer peer(logs_in() +
                    Script{expect_line("RETR 3"), send_bytewise("+OK\r\nab\r\n..\r\n.\r\n")});
  POP3 pop = log_in(peer);
  std::string got;
  EXPECT_EQ(pop.retr(3, [&](std::string_view text) { got += text; }), 7U);
  EXPECT_EQ(got, "ab\r\n.\r\n");
}

TEST(POP3, SmallCommands) {
  ScriptedPeer peer(greets() + answers("UTF8", "+OK utf8\r\n") +
                    answers("LANG", "+OK\r\nen English\r\nde Deutsch\r\n.\r\n") +
                    answers("LANG de", "+OK de\r\n") + answers("USER ann", "+OK\r\n") +
                    answers("PASS secret", "+OK\r\n") + answers("NOOP", "+OK\r\n") +
                    answers("DELE 1", "+OK gone\r\n") + answers("RSET", "+OK back\r\n") +
                    answers("QUIT", "-ERR whatever\r\n"));
  POP3 pop = connect_to(peer);
  EXPECT_EQ(pop.utf8(), "utf8");
  EXPECT_EQ(pop.lang().at(1), (std::pair<std::string, std::string>("de", "Deutsch")));
  EXPECT_EQ(pop.lang("de"), "de");
  pop.user("ann");
  pop.pass("secret");
  EXPECT_EQ(pop.noop(), "");
  EXPECT_EQ(pop.dele(1), "gone");
  EXPECT_EQ(pop.rset(), "back");
  EXPECT_EQ(pop.quit(), "whatever");  // nothing was marked any more
  EXPECT_EQ(pop.quit(), "");
}

TEST(POP3, CapabilitiesAreValues) {
  ScriptedPeer peer(greets() +
                    answers("CAPA", "+OK\r\nTOP\r\nsasl PLAIN CRAM-MD5\r\nEXPIRE 60\r\n.\r\n"));
  POP3 pop = connect_to(peer);
  EXPECT_TRUE(pop.has_capability("top"));
  EXPECT_FALSE(pop.has_capability("UIDL"));  // asked once
  pop.close();
}

TEST(POP3, AServerWithoutCapaHasNoCapabilities) {
  ScriptedPeer peer(greets() + answers("CAPA", "-ERR what?\r\n"));
  POP3 pop = connect_to(peer);
  EXPECT_TRUE(pop.capa().empty());
}

// RFC 1939 §7's own example.
TEST(POP3, Apop) {
  ScriptedPeer peer(says("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n") +
                    answers("APOP mrose c4c9334bac560ecc979e58001b3e22fb", "+OK\r\n") +
                    answers("NOOP", "+OK\r\n"));
  POP3 pop = connect_to(peer);
  pop.apop("mrose", Secret("tanstaaf"));
  pop.noop();
}

TEST(POP3, ApopNeedsATimeStamp) {
  ScriptedPeer peer(greets() + Script{expect_end()});
  EXPECT_THROW(connect_to(peer).apop("ann", Secret("x")), POP3NotSupportedError);
}

Credentials ann() {
  Credentials credentials;
  credentials.user = "ann";
  credentials.password = Secret("secret");
  return credentials;
}

TEST(POP3, LoginTakesTheStrongest) {
  ScriptedPeer peer(greets() +
                    answers("CAPA", "+OK\r\nUSER\r\nSASL LOGIN PLAIN CRAM-MD5\r\n.\r\n") +
                    answers("AUTH CRAM-MD5", "+ PDFAaD4=\r\n") +
                    answers("YW5uIDE1NGY3NWE3NDMyMjNmNzQ5YmVjZDY2ODQ1N2RmNjdh", "+OK in\r\n"));
  EXPECT_EQ(connect_to(peer).login(ann()), "in");
}

TEST(POP3, LoginSendsPlainAtOnce) {
  ScriptedPeer peer(greets() + answers("CAPA", "+OK\r\nSASL PLAIN\r\n.\r\n") +
                    answers("AUTH PLAIN AGFubgBzZWNyZXQ=", "+OK\r\n"));
  connect_to(peer).login(ann());
}

TEST(POP3, LoginFallsBackOnUserWhereNothingElseIsOffered) {
  ScriptedPeer peer(greets() + answers("CAPA", "-ERR\r\n") + answers("USER ann", "+OK\r\n") +
                    answers("PASS secret", "+OK in\r\n"));
  EXPECT_EQ(connect_to(peer).login(ann()), "in");
}

TEST(POP3, NoWeakerWayAfterARefusal) {
  ScriptedPeer peer(greets() + answers("CAPA", "+OK\r\nUSER\r\nSASL CRAM-MD5 PLAIN\r\n.\r\n") +
                    answers("AUTH CRAM-MD5", "-ERR [AUTH] no\r\n") + Script{expect_end()});
  EXPECT_THROW(connect_to(peer).login(ann()), POP3AuthenticationError);
}

TEST(POP3, AYesThatProvesNothingIsNoLogin) {
  ScriptedPeer peer(greets() + Script{expect_until("\r\n"), send("+OK welcome\r\n"), drain()});
  POP3 pop = connect_to(peer);
  EXPECT_THROW(pop.auth("SCRAM-SHA-256", ann()), ProtocolError);
  EXPECT_FALSE(pop.is_open());
}

TEST(POP3, AuthLeavesABadExchange) {
  ScriptedPeer peer(greets() + answers("AUTH CRAM-MD5", "+ not base64!\r\n") +
                    answers("*", "-ERR left\r\n"));
  EXPECT_THROW(connect_to(peer).auth("CRAM-MD5", ann()), ProtocolError);
}

TEST(POP3, RefusalsHaveTheirClasses) {
  const auto refused = [](std::string reply) {
    ScriptedPeer peer(greets() + answers("USER ann", "+OK\r\n") + answers("PASS secret", reply));
    POP3 pop = connect_to(peer);
    pop.user("ann");
    pop.pass("secret");
  };
  EXPECT_THROW(refused("-ERR [IN-USE] locked\r\n"), POP3InUseError);
  EXPECT_THROW(refused("-ERR [LOGIN-DELAY] wait\r\n"), POP3LoginDelayError);
  EXPECT_THROW(refused("-ERR [AUTH] wrong\r\n"), POP3AuthenticationError);
  EXPECT_THROW(refused("-ERR\r\n"), POP3AuthenticationError);
  try {
    refused("-ERR [sys/temp] disk\r\n");
  } catch (const POP3AuthenticationError&) {
    ADD_FAILURE() << "the password is not to blame";
  } catch (const POP3Error& e) {
    EXPECT_EQ(e.enhanced(), "SYS/TEMP");
    EXPECT_EQ(e.text(), "[sys/temp] disk");
    EXPECT_TRUE(e.temporary());
  }
}

TEST(POP3, GoesOnAfterARefusal) {
  ScriptedPeer peer(logs_in() + answers("RETR 9", "-ERR no such message\r\n") +
                    answers("NOOP", "+OK\r\n"));
  POP3 pop = log_in(peer);
  EXPECT_THROW(pop.retr(9), POP3MessageError);
  pop.noop();
}

TEST(POP3, MistakesOfTheCallerSendNothing) {
  ScriptedPeer peer(greets() + answers("USER ann", "+OK\r\n") + answers("PASS secret", "+OK\r\n") +
                    answers("QUIT", "+OK\r\n"));
  POP3 pop = connect_to(peer);
  EXPECT_THROW(pop.stat(), std::logic_error);
  EXPECT_THROW(pop.pass("x"), std::logic_error);
  EXPECT_THROW(pop.user("a\r\nDELE 1"), std::invalid_argument);
  pop.user("ann");
  EXPECT_THROW(pop.pass("a\nb"), std::invalid_argument);
  pop.pass("secret");
  EXPECT_THROW(pop.user("ann"), std::logic_error);
  EXPECT_THROW(pop.stls(), std::logic_error);
  EXPECT_THROW(pop.retr(0), std::invalid_argument);
  pop.quit();
  EXPECT_THROW(pop.noop(), std::logic_error);
}

// No secret may reach a trace or an error, not even where the server quotes it.
TEST(POP3, SecretsStayOut) {
  std::string seen;
  POP3Options options;
  options.connect.trace = [&](const TraceEvent& event) { (seen += event.text) += '\n'; };
  ScriptedPeer peer(
      greets() + answers("AUTH PLAIN AGFubgBzZWNyZXQ=", "-ERR AUTH PLAIN AGFubgBzZWNyZXQ=?\r\n") +
      answers("USER ann", "+OK\r\n") + answers("PASS secret", "-ERR \"secret\" is wrong\r\n"));
  POP3 pop = connect_to(peer, std::move(options));
  try {
    pop.auth("PLAIN", ann());
    ADD_FAILURE();
  } catch (const POP3AuthenticationError& e) {
    (seen += e.what()) += e.text();
  }
  pop.user("ann");
  try {
    pop.pass("secret");
    ADD_FAILURE();
  } catch (const POP3AuthenticationError& e) {
    (seen += e.what()) += e.text();
  }
  EXPECT_EQ(seen.find("secret"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("AGFubgBzZWNyZXQ"), std::string::npos) << seen;
  EXPECT_NE(seen.find("PASS ***"), std::string::npos) << seen;
}

Script pipelines() {
  return greets() + answers("CAPA", "+OK\r\nPIPELINING\r\nTOP\r\n.\r\n") +
         answers("USER ann", "+OK\r\n") + answers("PASS secret", "+OK\r\n");
}

TEST(POP3, TopOfManyIsOneFlight) {
  Script script = pipelines();
  for (int i = 1; i <= 500; ++i) script.push_back(expect_line("TOP " + std::to_string(i) + " 0"));
  std::string replies;
  for (int i = 1; i <= 500; ++i)
    replies += "+OK\r\nSubject: " + std::to_string(i) + "\r\n\r\n.\r\n";
  script.push_back(send(replies));
  ScriptedPeer peer(script);
  POP3 pop = connect_to(peer);
  pop.capa();
  pop.user("ann");
  pop.pass("secret");
  std::uint32_t n = 0;
  pop.top({1, 500}, 0, [&](const POP3Item& item) {
    EXPECT_EQ(item.number, ++n);
    EXPECT_EQ(item.text, "Subject: " + std::to_string(n) + "\r\n\r\n");
    EXPECT_EQ(item.error, nullptr);
  });
  EXPECT_EQ(n, 500U);
  pop.close();
  peer.finish();
  EXPECT_EQ(peer.counts().flights, 4U);  // CAPA, USER, PASS, and all of TOP
}

TEST(POP3, OneCommandAtATimeWithoutPipelining) {
  ScriptedPeer peer(greets() + answers("USER ann", "+OK\r\n") + answers("PASS secret", "+OK\r\n") +
                    answers("CAPA", "+OK\r\nTOP\r\n.\r\n") +
                    answers("RETR 3", "+OK\r\nc\r\n.\r\n") +
                    answers("RETR 2", "+OK\r\nb\r\n.\r\n"));
  POP3 pop = log_in(peer);
  std::string got;
  pop.retr({3, 2}, [&](const POP3Item& item) { got += item.text; });
  EXPECT_EQ(got, "c\r\nb\r\n");
  pop.close();
  peer.finish();
  EXPECT_EQ(peer.counts().flights, 5U);
}

TEST(POP3, AListOfNumbersInAnyOrder) {
  ScriptedPeer peer(pipelines() + Script{expect_line("TOP 7 1"), expect_line("TOP 3 1"),
                                         send_bytewise("+OK\r\nx\r\n.\r\n+OK\r\ny\r\n.\r\n")});
  POP3 pop = connect_to(peer);
  pop.capa();
  pop.user("ann");
  pop.pass("secret");
  std::string got;
  const std::vector<std::uint32_t> numbers = {7, 3};
  pop.top(numbers, 1, [&](const POP3Item& item) {
    got += std::to_string(item.number) + std::string(item.text);
  });
  EXPECT_EQ(got, "7x\r\n3y\r\n");
}

TEST(POP3, AnEmptyMailboxAsksForNothing) {
  ScriptedPeer peer(pipelines() + Script{expect_end()});
  POP3 pop = connect_to(peer);
  pop.capa();
  pop.user("ann");
  pop.pass("secret");
  pop.top({1, 0}, 0, [](const POP3Item&) { ADD_FAILURE(); });
  pop.top({0, 1}, 0, [](const POP3Item&) { ADD_FAILURE(); });
  pop.close();
}

TEST(POP3, WhatTheCallbackThrowsEndsTheConnection) {
  ScriptedPeer peer(pipelines() + Script{expect_line("TOP 1 0"), expect_line("TOP 2 0"),
                                         send("-ERR\r\n+OK\r\n.\r\n"), drain()});
  POP3 pop = connect_to(peer);
  pop.capa();
  pop.user("ann");
  pop.pass("secret");
  EXPECT_THROW(pop.top({1, 2}, 0, [](const POP3Item& item) { throw *item.error; }), POP3Error);
  EXPECT_FALSE(pop.is_open());
}

}  // namespace
}  // namespace proto
