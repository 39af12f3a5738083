#include <gtest/gtest.h>

#include <stdexcept>

#include "proto/error.h"
#include "support/tls_pair.h"

namespace proto::test {
namespace {

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

TEST(TLSTransport, CarriesBytesBothWays) {
  auto pair = connect_pair(TLSContext::client(trusting_options()), server_context());
  write_all(*pair.client, "ping");
  EXPECT_EQ(read_bytes(*pair.server, 4), "ping");
  write_all(*pair.server, "pong");
  EXPECT_EQ(read_bytes(*pair.client, 4), "pong");
  EXPECT_EQ(pair.client->info().version, "TLSv1.3");
  EXPECT_EQ(pair.client->info().verify_error, "");
  EXPECT_EQ(pair.client->info().subject, "CN = libproto test");
  EXPECT_EQ(pair.client->info().issuer, "CN = libproto test root");
  EXPECT_FALSE(pair.client->info().cipher.empty());
}

void exchange_a_mebibyte(const MemoryOptions& wire, TLSVersion version) {
  TLSOptions options = trusting_options();
  options.min_version = options.max_version = version;
  auto pair = connect_pair(memory_pair(wire), TLSContext::client(options), server_context());
  const std::string sent = pattern(1 << 20);
  auto served = std::async(std::launch::async, [&] {
    std::string got = read_bytes(*pair.server, sent.size());
    write_all(*pair.server, got);
    return got == sent;
  });
  write_all(*pair.client, sent);
  EXPECT_TRUE(read_bytes(*pair.client, sent.size()) == sent);
  EXPECT_TRUE(served.get());
}

TEST(TLSTransport, CarriesAMebibyteBothWays) {
  exchange_a_mebibyte({}, TLSVersion::tls1_3);
  exchange_a_mebibyte({}, TLSVersion::tls1_2);
}

TEST(TLSTransport, CarriesAMebibyteOverAWireThatTakesAndGivesLittle) {
  exchange_a_mebibyte({.max_read = 1000, .max_write = 777, .capacity = 4096}, TLSVersion::tls1_3);
  exchange_a_mebibyte({.max_read = 1000, .max_write = 777, .capacity = 4096}, TLSVersion::tls1_2);
}

TEST(TLSTransport, WorksByteByByte) {
  for (const TLSVersion version : {TLSVersion::tls1_2, TLSVersion::tls1_3}) {
    TLSOptions options = trusting_options();
    options.max_version = version;
    auto pair = connect_pair(memory_pair({.max_read = 1, .max_write = 1}),
                             TLSContext::client(options), server_context());
    const std::string sent = pattern(40000);
    auto served = std::async(std::launch::async, [&] { write_all(*pair.server, sent); });
    EXPECT_TRUE(read_bytes(*pair.client, sent.size()) == sent);
    served.get();
    write_all(*pair.client, "x");
    write_all(*pair.client, "yz");
    EXPECT_EQ(read_bytes(*pair.server, 3), "xyz");
    pair.server->shutdown_write();
    EXPECT_EQ(read_bytes(*pair.client, 1), "");
  }
}

TEST(TLSTransport, ClosesCleanlyWithCloseNotify) {
  auto pair = connect_pair(TLSContext::client(trusting_options()), server_context());
  write_all(*pair.server, "bye");
  pair.server->close();
  EXPECT_EQ(read_bytes(*pair.client, 100), "bye");
  char byte = 0;
  EXPECT_EQ(pair.client->read_some({&byte, 1}, test_deadline()), 0U);
  EXPECT_EQ(pair.client->read_some({&byte, 1}, test_deadline()), 0U);
}

TEST(TLSTransport, GoesOnReadingAfterShutdownWrite) {
  auto pair = connect_pair(TLSContext::client(trusting_options()), server_context());
  write_all(*pair.client, "last words");
  pair.client->shutdown_write();
  EXPECT_EQ(read_bytes(*pair.server, 100), "last words");
  write_all(*pair.server, "the reply");
  pair.server->close();
  EXPECT_EQ(read_bytes(*pair.client, 100), "the reply");
}

}  // namespace
}  // namespace proto::test
