// The POP3 rows of the hostile cases, at the library. Each test's number is its row's.
#include <gtest/gtest.h>

#include "support/memory_transport.h"
#include "support/pop3_scripts.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

// A peer whose reply to `command` is `reply`; then it ends its side.
Script after_login(const std::string& command, const std::string& reply) {
  return logs_in() + Script{expect_line(command), send(reply), half_close(), drain()};
}

// What `use` throws when `command` is answered by `reply`.
template <typename Thrown, typename Use>
void expect_after_login(const std::string& command, const std::string& reply, Use use) {
  ScriptedPeer peer(after_login(command, reply));
  POP3 pop = log_in(peer);
  EXPECT_THROW(use(pop), Thrown) << command << " -> " << reply;
  EXPECT_FALSE(pop.is_open()) << "never resynchronised by guess";
}

const auto kStat = [](POP3& pop) { pop.stat(); };
const auto kRetr = [](POP3& pop) { pop.retr(1); };
const auto kTop = [](POP3& pop) { pop.top(1, 0); };

TEST(HostilePOP3, Row1GreetingErr) {
  ScriptedPeer peer(says("-ERR [SYS/TEMP] come back later\r\n") + Script{expect_end()});
  try {
    connect_to(peer);
    ADD_FAILURE();
  } catch (const POP3GreetingError& e) {
    EXPECT_TRUE(e.temporary());
    EXPECT_EQ(e.enhanced(), "SYS/TEMP");
  }
}

TEST(HostilePOP3, Row2GreetingOfAnotherProtocol) {
  for (const char* greeting : {"220 x\r\n", "* OK IMAP4\r\n", "HTTP/1.1 200 OK\r\n", "\r\n"}) {
    ScriptedPeer peer(says(greeting) + Script{expect_end()});
    EXPECT_THROW(connect_to(peer), ProtocolError) << greeting;
  }
}

TEST(HostilePOP3, Row3EndlessStatusLine) {
  ScriptedPeer peer(Script{send("+OK "), send_endlessly("aaaaaaaaaaaaaaaa")});
  EXPECT_THROW(connect_to(peer), LimitError);
}

TEST(HostilePOP3, Row4NoStatus) {
  for (const char* reply : {"+OKAY 1 2\r\n", "+ok 1 2\r\n", "+ \r\n", "\r\n", "-err\r\n",
                            "-ERROR\r\n", " +OK 1 2\r\n", "+OK\t1 2\r\n"})
    expect_after_login<ProtocolError>("STAT", reply, kStat);
}

TEST(HostilePOP3, Row5ApopBannerOf2000Brackets) {
  for (const std::string& banner :
       {std::string(2000, '<'), std::string(1000, '<') + "a@b", std::string("<a@b"),
        std::string("<@b> <a@> <a b@c> <a@b@c>"), std::string("<abc>")}) {
    ScriptedPeer peer(says("+OK " + banner + "\r\n") + Script{expect_end()});
    POP3 pop = connect_to(peer);
    EXPECT_THROW(pop.apop("ann", Secret("secret")), POP3NotSupportedError) << banner;
  }
}

TEST(HostilePOP3, Row6To8BadStat) {
  for (const char* reply :
       {"+OK -1 10\r\n", "+OK 99999999999999999999 1\r\n", "+OK 1 99999999999999999999\r\n",
        "+OK x y\r\n", "+OK\r\n", "+OK 1\r\n", "+OK  1 2\r\n", "+OK +1 2\r\n", "+OK 0x1 2\r\n",
        "+OK 1 2x\r\n", "+OK 4294967296 1\r\n"})
    expect_after_login<ProtocolError>("STAT", reply, kStat);
}

TEST(HostilePOP3, Row9HugeStatCostsNothing) {
  ScriptedPeer peer(logs_in() + answers("STAT", "+OK 4000000000 18446744073709551615\r\n") +
                    answers("CAPA", "+OK\r\nPIPELINING\r\n.\r\n") +
                    Script{expect_line("TOP 1 0"), send("+OK\r\n.\r\n"), half_close(), drain()});
  POP3 pop = log_in(peer);
  EXPECT_EQ(pop.stat().count, 4'000'000'000U);
  int seen = 0;
  EXPECT_THROW(pop.top({1, 4'000'000'000U}, 0, [&](const POP3Item&) { ++seen; }), ClosedError);
  EXPECT_EQ(seen, 1);
}

TEST(HostilePOP3, Row10ListingsNameEachMessageOnce) {
  const auto list = [](POP3& pop) { pop.list(); };
  const auto uidl = [](POP3& pop) { pop.uidl(); };
  for (const char* lines : {"1 5\r\n1 5\r\n", "2 5\r\n1 5\r\n2 5\r\n", "0 5\r\n", "-1 5\r\n",
                            "4294967296 5\r\n", "1\r\n", "x 5\r\n", "1 5x\r\n", "\r\n"})
    expect_after_login<ProtocolError>("LIST", std::string("+OK\r\n") + lines + ".\r\n", list);
  for (const char* lines : {"1 a\r\n1 b\r\n", "0 a\r\n", "1 \r\n", "1 a\x01z\r\n", "1 \xff\r\n"})
    expect_after_login<ProtocolError>("UIDL", std::string("+OK\r\n") + lines + ".\r\n", uidl);
  for (const auto& [command, use] :
       {std::pair<std::string, void (*)(POP3&)>("LIST", list), {"UIDL", uidl}}) {
    ScriptedPeer peer(logs_in() + answers("STAT", "+OK 2 10\r\n") +
                      Script{expect_line(command), send("+OK\r\n1 5\r\n3 5\r\n.\r\n"), drain()});
    POP3 pop = log_in(peer);
    pop.stat();
    EXPECT_THROW(use(pop), ProtocolError) << command << ": out of range";
  }
}

TEST(HostilePOP3, Row11EndlessCapa) {
  ScriptedPeer peer(
      greets() + Script{expect_line("CAPA"), send("+OK\r\n"), send_endlessly("X-CAPABILITY\r\n")});
  EXPECT_THROW(connect_to(peer).capa(), LimitError);
}

TEST(HostilePOP3, Row12And13EndlessMessage) {
  POP3Options options;
  options.limits.message = 1 << 20;
  for (const std::string& block : {std::string(4096, 'x'), std::string("line\r\n")}) {
    ScriptedPeer peer(logs_in() +
                      Script{expect_line("RETR 1"), send("+OK\r\n"), send_endlessly(block)});
    POP3 pop = log_in(peer, options);
    std::uint64_t got = 0;
    EXPECT_THROW(pop.retr(1, [&](std::string_view text) { got += text.size(); }), LimitError);
    EXPECT_LE(got, options.limits.message);
  }
}

TEST(HostilePOP3, Row14TruncatedMessage) {
  for (const char* text :
       {"", "Subject: x\r\n", "Subject: x\r\n.", "Subject: x\r\n.\r", "x\r\n..\r\n"}) {
    expect_after_login<ClosedError>("RETR 1", std::string("+OK\r\n") + text, kRetr);
    expect_after_login<ClosedError>("TOP 1 0", std::string("+OK\r\n") + text, kTop);
  }
}

TEST(HostilePOP3, Row15BareLineFeedsAreNoEnd) {
  ScriptedPeer peer(after_login("RETR 1", "+OK\r\na\n.\nb\r\n.\r\n"));
  std::string got;
  log_in(peer).retr(1, [&](std::string_view text) { got += text; });
  EXPECT_EQ(got, "a\n.\nb\r\n");
}

TEST(HostilePOP3, Row16OneDotIsTakenOff) {
  ScriptedPeer peer(after_login("RETR 1", "+OK\r\n..\r\n.x\r\n.\r\n"));
  EXPECT_EQ(log_in(peer).retr(1).lines, (std::vector<std::string>{".", "x"}));
}

TEST(HostilePOP3, Row17NulAnd8BitAreKept) {
  const std::string text("a\0\xff\x1b[2J", 7);
  ScriptedPeer peer(after_login("RETR 1", "+OK\r\n" + text + "\r\n.\r\n"));
  EXPECT_EQ(log_in(peer).retr(1).lines, std::vector<std::string>{text});
}

TEST(HostilePOP3, Row18ErrThenABody) {
  expect_after_login<ProtocolError>("RETR 1", "-ERR no\r\nSubject: x\r\n.\r\n", kRetr);
}

TEST(HostilePOP3, Row19OkThenALateErr) {
  expect_after_login<ProtocolError>("STAT", "+OK 1 2\r\n-ERR late\r\n", kStat);
  expect_after_login<ProtocolError>("NOOP", "+OK\r\n-ERR late\r\n", [](POP3& pop) { pop.noop(); });
  expect_after_login<ProtocolError>("RETR 1", "+OK\r\n.\r\n-ERR late\r\n", kRetr);
}

// A proxy on this machine is not where the password goes.
TEST(HostilePOP3, NoLoginThroughALocalProxyWithoutTls) {
  POP3Options options;
  ScriptedPeer proxy(takes_socks("mail.example.org") + greets() + Script{expect_end()});
  options.connect.socks =
      SocksProxy{.host = proxy.host(), .port = proxy.port(), .user = {}, .password = {}};
  POP3 pop("mail.example.org", 110, options);
  EXPECT_THROW(pop.user("ann"), TLSError);
  EXPECT_FALSE(pop.is_open());
}

TEST(HostilePOP3, Row20DataBeforeTls) {
  POP3Options options;
  options.tls = TLSMode::starttls;
  ScriptedPeer peer(greets() + answers("STLS", "+OK\r\n+OK fake\r\n") + Script{expect_end()});
  EXPECT_THROW(connect_to(peer, options), ProtocolError);
}

TEST(HostilePOP3, Row21StlsMissing) {
  POP3Options options;
  options.tls = TLSMode::starttls;
  ScriptedPeer peer(greets() + answers("STLS", "-ERR unknown command\r\n") +
                    Script{expect_end()});  // no USER
  EXPECT_THROW(connect_to(peer, options), TLSError);
}

TEST(HostilePOP3, Row22OneOfTenIsRefused) {
  Script script = logs_in() + answers("CAPA", "+OK\r\nPIPELINING\r\n.\r\n");
  std::string replies;
  for (int i = 1; i <= 10; ++i) {
    script.push_back(expect_line("TOP " + std::to_string(i) + " 0"));
    replies += i == 3 ? "-ERR [SYS/PERM] damaged\r\n" : "+OK\r\nSubject: x\r\n\r\n.\r\n";
  }
  ScriptedPeer peer(script + says(replies) + answers("NOOP", "+OK\r\n"));
  POP3 pop = log_in(peer);
  int good = 0;
  pop.top({1, 10}, 0, [&](const POP3Item& item) {
    EXPECT_EQ(item.error != nullptr, item.number == 3);
    if (item.error == nullptr) {
      ++good;
    } else {
      EXPECT_EQ(item.error->enhanced(), "SYS/PERM");
    }
  });
  EXPECT_EQ(good, 9);
  pop.noop();
}

TEST(HostilePOP3, Row23QuitAfterDeleIsUncertain) {
  for (const Script& end : {says("-ERR some deleted messages not removed\r\n"),
                            says("nonsense\r\n"), Script{half_close(), drain()}, Script{reset()}}) {
    ScriptedPeer peer(logs_in() + answers("DELE 1", "+OK\r\n") + Script{expect_line("QUIT")} + end);
    POP3 pop = log_in(peer);
    pop.dele(1);
    EXPECT_THROW(pop.quit(), POP3UncertainError);
    EXPECT_FALSE(pop.is_open());
  }
}

TEST(HostilePOP3, Row23QuitWithoutDeleIsDone) {
  ScriptedPeer peer(logs_in() + Script{expect_line("QUIT"), half_close(), drain()});
  log_in(peer).quit();
}

TEST(HostilePOP3, BulkRepliesNeverShift) {
  // One reply too many, one too few, and a status that is none.
  for (const char* replies : {"+OK\r\n.\r\n+OK\r\n.\r\n+OK\r\n.\r\n", "+OK\r\n.\r\n",
                              "+OK\r\n.\r\nSubject: x\r\n.\r\n"}) {
    ScriptedPeer peer(logs_in() + answers("CAPA", "+OK\r\nPIPELINING\r\n.\r\n") +
                      Script{expect_line("TOP 1 0"), expect_line("TOP 2 0"), send(replies),
                             half_close(), drain()});
    POP3 pop = log_in(peer);
    EXPECT_THROW(pop.top({1, 2}, 0, [](const POP3Item&) {}), Error) << replies;
    EXPECT_FALSE(pop.is_open());
  }
}

// The network rows, where a phase of POP3's own is concerned.
TEST(HostilePOP3, StallsEndByTheDeadline) {
  POP3Options options;
  options.connect.timeouts.total = std::chrono::milliseconds(100);
  {
    ScriptedPeer peer(Script{stall()});
    EXPECT_THROW(connect_to(peer, options), TimeoutError);
  }
  for (const char* begun : {"", "+O", "+OK\r\n", "+OK\r\nSubject: x\r\n."}) {
    ScriptedPeer peer(logs_in() + Script{expect_line("RETR 1"), send(begun), stall()});
    POP3 pop = log_in(peer, options);
    EXPECT_THROW(kRetr(pop), TimeoutError) << begun;
  }
}

TEST(HostilePOP3, ResetsAreNetworkErrors) {
  for (const char* begun : {"", "+OK\r\nSubject: x\r\n"}) {
    ScriptedPeer peer(logs_in() + Script{expect_line("RETR 1"), send(begun), reset()});
    POP3 pop = log_in(peer);
    EXPECT_THROW(kRetr(pop), NetworkError);
  }
}

std::shared_ptr<const TLSContext> server_tls() {
  const Certificates& files = test_certificates();
  return TLSContext::server(files.certificate_file, files.key_file);
}

POP3Options trusting(TLSMode mode) {
  TLSOptions tls;
  tls.ca_file = test_certificates().ca_file;
  POP3Options options;
  options.tls = mode;
  options.connect.tls = TLSContext::client(tls);
  return options;
}

TEST(HostilePOP3, CapabilitiesFromBeforeTlsAreForgotten) {
  ScriptedPeer peer(greets() + answers("CAPA", "+OK\r\nPIPELINING\r\nSASL PLAIN\r\n.\r\n") +
                    answers("STLS", "+OK\r\n") + Script{start_tls(server_tls())} +
                    answers("CAPA", "+OK\r\nTOP\r\n.\r\n"));
  POP3 pop = connect_to(peer, trusting(TLSMode::none));
  EXPECT_TRUE(pop.has_capability("PIPELINING"));
  pop.stls();
  EXPECT_TRUE(pop.is_secure());
  EXPECT_FALSE(pop.has_capability("PIPELINING"));
  EXPECT_TRUE(pop.has_capability("TOP"));
}

// TLS row 15: without close_notify, what has its own end is whole, and nothing else is.
TEST(HostilePOP3, TlsEndsWithoutCloseNotify) {
  const auto cut_after = [](const std::string& reply) {
    return Script{start_tls(server_tls())} + logs_in() +
           Script{expect_line("RETR 1"), send(reply), close_now()};
  };
  {
    ScriptedPeer peer(cut_after("+OK\r\nx\r\n.\r\n"));
    POP3 pop = log_in(peer, trusting(TLSMode::implicit));
    EXPECT_EQ(pop.retr(1).lines, std::vector<std::string>{"x"});
  }
  ScriptedPeer peer(cut_after("+OK\r\nx\r\n"));
  POP3 pop = log_in(peer, trusting(TLSMode::implicit));
  EXPECT_THROW(pop.retr(1), Error);
  EXPECT_FALSE(pop.is_open());
}

TEST(HostilePOP3, PlaintextWhereTlsIsDue) {
  ScriptedPeer peer(greets() + Script{drain()});
  EXPECT_THROW(connect_to(peer, trusting(TLSMode::implicit)), TLSError);
  ScriptedPeer after(greets() + answers("STLS", "+OK\r\n") + Script{send("+OK\r\n"), drain()});
  EXPECT_THROW(connect_to(after, trusting(TLSMode::starttls)), Error);
}

TEST(HostilePOP3, NoPasswordGoesInClearToAnotherMachine) {
  const auto over_memory = [](bool allow, auto use) {  // a peer that is not on loopback
    auto pair = memory_pair();
    const std::string_view all = "+OK ready\r\n+OK\r\n";
    const auto greeting = all.substr(0, 11);
    pair.second->write_some({&greeting, 1}, Deadline::never());
    POP3Options options;
    options.cleartext_login = allow;
    POP3 pop(Stream(std::move(pair.first)), "mail.example.org", options);
    const auto reply = all.substr(11);
    pair.second->write_some({&reply, 1}, Deadline::never());
    use(pop);
  };
  Credentials ann;
  ann.user = "ann";
  ann.password = Secret("secret");
  over_memory(false, [](POP3& pop) { EXPECT_THROW(pop.user("ann"), TLSError); });
  over_memory(false, [&](POP3& pop) { EXPECT_THROW(pop.auth("PLAIN", ann), TLSError); });
}

}  // namespace
}  // namespace proto
