// The SMTP rows of the hostile cases, at the library: STARTTLS. Each test's number is its row's.
#include <gtest/gtest.h>

#include "proto/credentials.h"
#include "support/smtp_scripts.h"
#include "support/tls_authority.h"

namespace proto {
namespace {

using namespace test;

SMTPOptions starttls_options() {
  SMTPOptions options = test_smtp_options();
  options.tls = TLSMode::starttls;
  TLSOptions tls;
  tls.ca_file = test_root().certificate_file();
  options.connect.tls = TLSContext::client(tls);
  return options;
}

std::shared_ptr<const TLSContext> server() {
  return TLSContext::server(test_server().certificate_file(), test_server().key_file());
}

TEST(HostileSMTP, Row13StarttlsWantedAndNotOffered) {
  ScriptedPeer peer(greets({"AUTH PLAIN"}) + Script{expect_end()});
  EXPECT_THROW(connect_to(peer, starttls_options()), TLSError);
}

TEST(HostileSMTP, Row13bStarttlsRefused) {
  ScriptedPeer peer(greets({"STARTTLS"}) + answers("STARTTLS", "454 4.7.0 not now\r\n") +
                    Script{expect_end()});
  EXPECT_THROW(connect_to(peer, starttls_options()), SMTPReplyError);
}

TEST(HostileSMTP, Row14DataBehindTheGoAhead) {
  ScriptedPeer peer(greets({"STARTTLS"}) + answers("STARTTLS", "220 go\r\n250 AUTH PLAIN\r\n") +
                    Script{expect_end()});
  EXPECT_THROW(connect_to(peer, starttls_options()), ProtocolError);
}

TEST(HostileSMTP, Row15CapabilitiesFromBeforeAreForgotten) {
  ScriptedPeer peer(greets({"STARTTLS", "AUTH PLAIN", "SIZE 7"}) +
                    answers("STARTTLS", "220 go\r\n") +
                    Script{start_tls(server()), expect_line("EHLO client.example.org"),
                           send("250-mx.example.org\r\n250 PIPELINING\r\n"), expect_line("QUIT"),
                           send("221 bye\r\n"), close()});
  SMTP smtp = connect_to(peer, starttls_options());
  EXPECT_TRUE(smtp.is_secure());
  EXPECT_TRUE(smtp.capabilities().auth.empty());
  EXPECT_FALSE(smtp.capabilities().max_size);
  EXPECT_TRUE(smtp.capabilities().pipelining);
  EXPECT_THROW(smtp.starttls(), std::logic_error);
  smtp.quit();
}

TEST(HostileSMTP, Row15bNoTlsBehindTheGoAhead) {
  ScriptedPeer peer(greets({"STARTTLS"}) + Script{expect_line("STARTTLS"), send("220 go\r\n"),
                                                  receive(1), send("250 I speak no TLS\r\n"),
                                                  drain()});
  EXPECT_THROW(connect_to(peer, starttls_options()), TLSError);
}

TEST(HostileSMTP, Row16NoLoginWithoutTls) {
  // The stream says that its peer is another machine.
  class Elsewhere : public Transport {
   public:
    explicit Elsewhere(std::unique_ptr<Transport> lower) : lower_(std::move(lower)) {}
    std::size_t read_some(std::span<char> into, Patience p) override {
      return lower_->read_some(into, p);
    }
    std::size_t write_some(std::span<const std::string_view> parts, Patience p) override {
      return lower_->write_some(parts, p);
    }
    Ready wait(Ready wanted, Deadline d) override { return lower_->wait(wanted, d); }
    void shutdown_write() noexcept override { lower_->shutdown_write(); }
    void close() noexcept override { lower_->close(); }
    const std::string& peer() const noexcept override { return peer_; }

   private:
    std::unique_ptr<Transport> lower_;
    std::string peer_ = "192.0.2.1:25";
  };
  const auto connect = [](const ScriptedPeer& peer, SMTPOptions options) {
    std::string buffered;
    Stream stream = Stream::connect(peer.host(), peer.port(), {});
    return SMTP(Stream(std::make_unique<Elsewhere>(stream.release(buffered))), "mx.example.org", 25,
                options);
  };
  const Credentials joe{"joe", Secret("secret"), Secret()};
  {
    ScriptedPeer peer(greets({"AUTH PLAIN CRAM-MD5"}) + Script{expect_end()});
    SMTP smtp = connect(peer, test_smtp_options());
    EXPECT_THROW(smtp.login(joe), TLSError);
  }
  SMTPOptions options = test_smtp_options();
  options.cleartext_login = true;
  ScriptedPeer peer(greets({"AUTH PLAIN"}) + answers("AUTH PLAIN AGpvZQBzZWNyZXQ=", "235 ok\r\n") +
                    Script{expect_end()});
  SMTP smtp = connect(peer, options);
  EXPECT_NO_THROW(smtp.login(joe));
  smtp.close();
}

// A proxy on this machine is not where the password goes.
TEST(HostileSMTP, Row16bNoLoginThroughALocalProxyWithoutTls) {
  SMTPOptions options = test_smtp_options();
  ScriptedPeer proxy(takes_socks("mail.example.org") + greets({"AUTH PLAIN"}) +
                     Script{expect_end()});
  options.connect.socks =
      SocksProxy{.host = proxy.host(), .port = proxy.port(), .user = {}, .password = {}};
  SMTP smtp("mail.example.org", 25, options);
  EXPECT_THROW(smtp.login({"joe", Secret("secret"), Secret()}), TLSError);
  ScriptedPeer tunnel(greets({"AUTH PLAIN"}) + Script{expect_end()});
  options.connect.socks.reset();
  options.connect.via = {tunnel.host(), tunnel.port()};
  SMTP through("mail.example.org", 25, options);
  EXPECT_THROW(through.login({"joe", Secret("secret"), Secret()}), TLSError);
}

}  // namespace
}  // namespace proto
