// hostile.md, TLS 12 to 20: peers that speak TLS badly, or not at all.
#include <gtest/gtest.h>
#include <openssl/dh.h>
#include <openssl/err.h>

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "proto/error.h"
#include "support/raw_tls_server.h"
#include "support/tls_pair.h"

namespace proto::test {
namespace {

using namespace std::string_literals;
// A record that nobody encrypted.
const std::string kNonsense = "\x17\x03\x03\x00\x14 nineteen bytes more"s;

using Configure = std::function<void(SSL_CTX*)>;

std::unique_ptr<TLSTransport> connect_to(RawTLSServer& server,
                                         const TLSOptions& options = trusting_options()) {
  return TLSTransport::connect(server.take_client(), TLSContext::client(options), "localhost", 443,
                               test_deadline());
}

// The handshake with such a server fails, and not for its certificate.
void expect_no_handshake(const Identity& identity, const Configure& configure) {
  RawTLSServer server(identity, configure);
  try {
    connect_to(server);
    ADD_FAILURE() << "connected";
  } catch (const TLSError& e) {
    EXPECT_EQ(e.verify_reason(), "");
    EXPECT_TRUE(std::string(e.what()).starts_with("TLS with localhost:443: ")) << e.what();
  }
  EXPECT_FALSE(server.finish());
}

const Identity& rsa_server() {
  static const Identity server({.alternative_names = "DNS:localhost", .key_type = EVP_PKEY_RSA},
                               &test_root());
  return server;
}

Configure only(const char* ciphers) {
  return [ciphers](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set_cipher_list(context, ciphers), 1);
    SSL_CTX_set_dh_auto(context, 1);
  };
}

TEST(HostileTLS, Row12OldVersionsAreRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    expect_no_handshake(test_server(), [version](SSL_CTX* context) {
      SSL_CTX_set_min_proto_version(context, version);
      SSL_CTX_set_max_proto_version(context, version);
    });
  }
}

TEST(HostileTLS, Row12OldClientsAreRefused) {
  const auto server = server_context();
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const auto [client_fd, server_fd] = socket_pair();
    auto accepted = std::async(std::launch::async, [&server, fd = server_fd] {
      TLSTransport::accept(std::make_unique<SocketTransport>(fd, "peer", Canceller()), server,
                           test_deadline());
    });
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, client_fd);
    EXPECT_NE(SSL_connect(ssl), 1);
    EXPECT_THROW(accepted.get(), TLSError);
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(context);
    ::close(client_fd);
  }
}

TEST(HostileTLS, Row13WeakDiffieHellmanIsRefused) {
  RawTLSServer good(rsa_server(), only("DHE-RSA-AES128-GCM-SHA256@SECLEVEL=0"));
  EXPECT_EQ(connect_to(good)->info().cipher, "DHE-RSA-AES128-GCM-SHA256");
  expect_no_handshake(rsa_server(), [](SSL_CTX* context) {
    only("DHE-RSA-AES128-GCM-SHA256@SECLEVEL=0")(context);
    SSL_CTX_set_dh_auto(context, 0);
    EVP_PKEY_CTX* parameters = EVP_PKEY_CTX_new_from_name(nullptr, "DHX", nullptr);
    EVP_PKEY* group = nullptr;
    ASSERT_EQ(EVP_PKEY_paramgen_init(parameters), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_dh_rfc5114(parameters, 1), 1);  // 1024 bits
    ASSERT_EQ(EVP_PKEY_paramgen(parameters, &group), 1);
    EVP_PKEY_CTX_free(parameters);
    ASSERT_EQ(SSL_CTX_set0_tmp_dh_pkey(context, group), 1);
  });
}

TEST(HostileTLS, Row13NoEncryptionAndNoCertificateAreRefused) {
  expect_no_handshake(rsa_server(), only("eNULL@SECLEVEL=0"));
  expect_no_handshake(rsa_server(), only("ADH-AES128-GCM-SHA256@SECLEVEL=0"));
  expect_no_handshake(rsa_server(), only("AECDH-AES128-SHA@SECLEVEL=0"));
  expect_no_handshake(rsa_server(), only("AES128-SHA@SECLEVEL=0"));  // no forward secrecy
}

TEST(HostileTLS, Row14RenegotiationIsRefused) {
  bool renegotiated = true;
  RawTLSServer server(rsa_server(), only("ECDHE-RSA-AES128-GCM-SHA256"), [&](SSL* ssl) {
    SSL_renegotiate(ssl);
    SSL_do_handshake(ssl);  // the HelloRequest
    renegotiated = SSL_do_handshake(ssl) == 1 && SSL_num_renegotiations(ssl) > 0 &&
                   SSL_renegotiate_pending(ssl) == 0 && SSL_is_init_finished(ssl) == 1;
  });
  auto client = connect_to(server);
  char byte = 0;
  EXPECT_ANY_THROW(client->read_some({&byte, 1}, test_deadline()));
  server.finish();
  EXPECT_FALSE(renegotiated);
}

TEST(HostileTLS, Row15EndWithoutCloseNotifyIsAnError) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawTLSServer server(
        test_server(),
        [version](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, version); },
        [](SSL* ssl) { ssl_write(ssl, "half a bo"); });
    auto client = connect_to(server);
    EXPECT_EQ(read_bytes(*client, 9), "half a bo");
    try {
      char byte = 0;
      client->read_some({&byte, 1}, test_deadline());
      ADD_FAILURE() << "no error";
    } catch (const ClosedError& e) {
      EXPECT_EQ(e.phase(), Phase::receive);
      EXPECT_STREQ(e.what(),
                   "TLS with localhost:443: the peer ended the connection without close_notify");
    }
  }
}

TEST(HostileTLS, Row15EndWithoutCloseNotifyBehindDataComesAfterTheData) {
  RawTLSServer server(
      test_server(), [](SSL_CTX*) {}, [](SSL* ssl) { ssl_write(ssl, "data"); });
  auto client = connect_to(server);
  server.finish();
  char data[100];
  ASSERT_TRUE(client->wait({.read = true}, test_deadline()).read);
  EXPECT_EQ(client->read_some(data, test_deadline()), 4U);
  EXPECT_TRUE(client->wait({.read = true}, test_deadline()).read);
  EXPECT_THROW(client->read_some(data, test_deadline()), ClosedError);
  EXPECT_THROW(client->read_some(data, test_deadline()), ClosedError);
}

std::string error_of_greeting(const std::string& greeting) {
  MemoryPair pair = memory_pair();
  write_all(*pair.second, greeting);  // and no end: a peer that now waits
  try {
    TLSTransport::connect(std::move(pair.first), TLSContext::client(trusting_options()),
                          "localhost", 443, test_deadline());
  } catch (const TLSError& e) {
    EXPECT_EQ(e.verify_reason(), "");
    return e.what();
  }
  return "no error";
}

TEST(HostileTLS, Row16PlaintextIsNamed) {
  const std::string prefix = "TLS with localhost:443: the peer does not speak TLS: got ";
  EXPECT_EQ(error_of_greeting("HTTP/1.1 400 Bad Request\r\n\r\n"),
            prefix + R"("HTTP/1.1 400 Bad Request\r\n\r\n")");
  EXPECT_EQ(error_of_greeting("220 mail ESMTP\r\n"), prefix + R"("220 mail ESMTP\r\n")");
  EXPECT_EQ(error_of_greeting("+"), prefix + R"("+")");
  EXPECT_EQ(error_of_greeting(std::string("\0\x1b[2J", 5)), prefix + R"("\x00\x1b[2J")");
}

TEST(HostileTLS, Row16GarbageBehindARightFirstByte) {
  EXPECT_EQ(error_of_greeting("\x16garbage garbage"),
            "TLS with localhost:443: wrong version number");
  EXPECT_EQ(error_of_greeting("\x15\x03\x03\x00\x02\x02\x28"s),
            "TLS with localhost:443: the peer sent the alert \"handshake failure\"");
}

TEST(HostileTLS, Row16PlaintextToAServer) {
  MemoryPair pair = memory_pair();
  write_all(*pair.first, "GET / HTTP/1.1\r\n");
  try {
    TLSTransport::accept(std::move(pair.second), server_context(), test_deadline());
    ADD_FAILURE();
  } catch (const TLSError& e) {
    EXPECT_STREQ(e.what(),
                 R"(TLS with memory: the peer does not speak TLS: got "GET / HTTP/1.1\r\n")");
  }
}

TEST(HostileTLS, PeerThatEndsInTheHandshakeIsClosedError) {
  for (const char* greeting : {"", "\x16", "\x16\x03\x03\x01"}) {
    MemoryPair pair = memory_pair();
    write_all(*pair.second, greeting);
    pair.second->shutdown_write();
    try {
      TLSTransport::connect(std::move(pair.first), TLSContext::client(trusting_options()),
                            "localhost", 443, test_deadline());
      ADD_FAILURE();
    } catch (const ClosedError& e) {
      EXPECT_EQ(e.phase(), Phase::tls);
    }
  }
}

TEST(HostileTLS, ResetInTheHandshakeIsNetworkError) {
  MemoryPair pair = memory_pair();
  pair.first->shutdown_write();  // the client's first write fails
  try {
    TLSTransport::connect(std::move(pair.first), TLSContext::client(trusting_options()),
                          "localhost", 443, test_deadline());
    ADD_FAILURE();
  } catch (const NetworkError& e) {
    EXPECT_EQ(e.phase(), Phase::tls);
    EXPECT_EQ(e.code(), EPIPE);
  }
}

TEST(HostileTLS, Row17StalledHandshakeTimesOut) {
  for (const std::string& greeting : {""s, "\x16\x03\x03\x01"s}) {
    MemoryPair pair = memory_pair();
    write_all(*pair.second, greeting);
    try {
      TLSTransport::connect(std::move(pair.first), TLSContext::client(trusting_options()),
                            "localhost", 443, Deadline::after(20ms));
      ADD_FAILURE();
    } catch (const TimeoutError& e) {
      EXPECT_EQ(e.phase(), Phase::tls);
      EXPECT_STREQ(e.what(), "TLS with localhost:443: out of time in the handshake");
    }
    EXPECT_THROW(TLSTransport::accept(std::move(memory_pair().second), server_context(),
                                      Deadline::after(1ms)),
                 NetworkError);
  }
}

TEST(HostileTLS, Row17StalledHandshakeCanBeCancelled) {
  const auto [client_fd, server_fd] = socket_pair();
  Canceller canceller;
  auto client = std::async(std::launch::async, [&, fd = client_fd] {
    TLSTransport::connect(std::make_unique<SocketTransport>(fd, "peer", canceller),
                          TLSContext::client(trusting_options()), "localhost", 443,
                          test_deadline());
  });
  char first = 0;
  ASSERT_EQ(::read(server_fd, &first, 1), 1);  // it is in the handshake
  canceller.cancel();
  EXPECT_THROW(client.get(), CancelledError);
  ::close(server_fd);
}

TEST(HostileTLS, Row18AlertInTheBodyIsAnError) {
  RawTLSServer server(
      test_server(), [](SSL_CTX*) {},
      [](SSL* ssl) {
        ssl_write(ssl, "half a body");
        // Fed with nonsense, OpenSSL sends a fatal alert.
        BIO* nonsense = BIO_new_mem_buf(kNonsense.data(), static_cast<int>(kNonsense.size()));
        SSL_set0_rbio(ssl, nonsense);
        ssl_read(ssl, 1);
      });
  auto client = connect_to(server);
  EXPECT_EQ(read_bytes(*client, 11), "half a body");
  char byte = 0;
  try {
    client->read_some({&byte, 1}, test_deadline());
    ADD_FAILURE() << "no error";
  } catch (const TLSError& e) {
    EXPECT_EQ(e.verify_reason(), "");
    EXPECT_NE(std::string(e.what()).find("the peer sent the alert"), std::string::npos) << e.what();
  }
}

TEST(HostileTLS, CorruptRecordIsAnError) {
  MemoryPair lower = memory_pair();
  MemoryTransport& wire = *lower.second;  // the server's
  auto pair =
      connect_pair(std::move(lower), TLSContext::client(trusting_options()), server_context());
  write_all(wire, kNonsense);
  char byte = 0;
  EXPECT_THROW(pair.client->read_some({&byte, 1}, test_deadline()), TLSError);
  EXPECT_THROW(pair.client->read_some({&byte, 1}, test_deadline()), TLSError);
  EXPECT_THROW(write_all(*pair.client, "x"), TLSError);
}

void expect_unusable(const TLSOptions& options, const std::string& part) {
  try {
    TLSContext::client(options);
    ADD_FAILURE() << part;
  } catch (const TLSError& e) {
    EXPECT_EQ(e.verify_reason(), "");
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(HostileTLS, Row19UnusableTrustFailsClosed) {
  const std::string good = test_root().certificate_file();
  const std::string folder = temporary_path("folder");
  std::filesystem::create_directory(folder);
  TLSOptions options;
  options.ca_file = temporary_path("missing");
  expect_unusable(options, "No such file or directory");
  options.ca_file = temporary_file("empty", "");
  expect_unusable(options, options.ca_file);
  options.ca_file = temporary_file("garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n");
  expect_unusable(options, options.ca_file);
  options.ca_file = test_server().key_file();
  expect_unusable(options, options.ca_file);
  options.ca_file = folder;
  expect_unusable(options, "Is a directory");
  options.ca_file.clear();
  options.ca_dir = folder;
  expect_unusable(options, "no certificate under a hashed name");
  std::filesystem::copy_file(good, folder + "/root.pem");
  expect_unusable(options, "no certificate under a hashed name");
  std::filesystem::copy_file(temporary_file("garbage", "x"), folder + "/01234567.0");
  expect_unusable(options, "no certificate under a hashed name");
  options.ca_dir = folder + "/root.pem";
  expect_unusable(options, "Not a directory");
  options.ca_dir = temporary_path("missing");
  expect_unusable(options, "No such file or directory");
  // One that cannot be used makes the other not enough.
  options.ca_file = good;
  expect_unusable(options, "No such file or directory");
}

TEST(HostileTLS, Row19FolderOfCertificatesIsTrusted) {
  const std::string folder = temporary_path("hashed");
  std::filesystem::create_directory(folder);
  char name[16];
  std::snprintf(name, sizeof name, "/%08lx.0", X509_subject_name_hash(test_root().certificate()));
  std::filesystem::copy_file(test_root().certificate_file(), folder + name);
  TLSOptions options;
  options.ca_dir = folder;
  EXPECT_EQ(connect_pair(TLSContext::client(options), server_context()).client->info().verify_error,
            "");
  const Identity stranger({.alternative_names = "DNS:localhost"});
  EXPECT_THROW(connect_pair(TLSContext::client(options), server_context(stranger)), TLSError);
}

}  // namespace
}  // namespace proto::test
