#include <gtest/gtest.h>

#include <stdexcept>
#include <string_view>
#include <vector>

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

TEST(TLSTransport, SmallExchangeCostsOneWriteAndOneRead) {
  MemoryPair lower = memory_pair();
  const MemoryTransport& wire = *lower.first;
  auto pair =
      connect_pair(std::move(lower), TLSContext::client(trusting_options()), server_context());
  const auto exchange = [&] {
    const std::string_view request[] = {"GET / HTTP/1.1\r\n", "Host: localhost\r\n\r\n", "body"};
    const std::size_t size = pair.client->write_some(request, test_deadline());
    read_bytes(*pair.server, size);
    write_all(*pair.server, pattern(4000));
    EXPECT_EQ(read_bytes(*pair.client, 4000).size(), 4000U);
  };
  exchange();  // brings the session tickets, too
  const std::size_t reads = wire.reads, writes = wire.writes;
  exchange();
  EXPECT_EQ(wire.reads - reads, 1U);
  EXPECT_EQ(wire.writes - writes, 1U);
}

TEST(TLSTransport, ARecordCostsHalfARead) {
  MemoryPair lower = memory_pair();
  const MemoryTransport& wire = *lower.first;
  auto pair =
      connect_pair(std::move(lower), TLSContext::client(trusting_options()), server_context());
  const std::string data = pattern(16 * 16384);
  write_all(*pair.server, data);
  const std::size_t reads = wire.reads;
  EXPECT_TRUE(read_bytes(*pair.client, data.size()) == data);
  EXPECT_LE(wire.reads - reads, 9U);
}

TEST(TLSTransport, ReadsWhatIsThereAndNoMore) {
  MemoryPair lower = memory_pair();
  const MemoryTransport& wire = *lower.first;
  auto pair =
      connect_pair(std::move(lower), TLSContext::client(trusting_options()), server_context());
  for (const char* record : {"one ", "two ", "three "}) write_all(*pair.server, record);
  char data[100];
  const std::size_t reads = wire.reads;
  const std::size_t got = pair.client->read_some(data, test_deadline());
  EXPECT_EQ(std::string(data, got), "one two three ");
  EXPECT_EQ(wire.reads - reads, 1U);
}

TEST(TLSTransport, WaitKnowsWhatIsBuffered) {
  auto pair = connect_pair(TLSContext::client(trusting_options()), server_context());
  write_all(*pair.server, "one record");
  EXPECT_EQ(read_bytes(*pair.client, 3), "one");
  EXPECT_TRUE(pair.client->wait({.read = true}, test_deadline()).read);
  EXPECT_EQ(read_bytes(*pair.client, 7), " record");
  // Tickets and half a record are no data.
  EXPECT_THROW(pair.client->wait({.read = true}, Deadline::after(1ms)), TimeoutError);
  const auto ready = pair.client->wait({.read = true, .write = true}, test_deadline());
  EXPECT_TRUE(ready.write);
  EXPECT_FALSE(ready.read);
  pair.server->close();
  EXPECT_TRUE(pair.client->wait({.read = true}, test_deadline()).read);
  EXPECT_EQ(read_bytes(*pair.client, 1), "");
}

TEST(TLSTransport, WaitIsNotTakenInByHalfARecord) {
  auto pair = connect_pair(memory_pair({.max_write = 7}), TLSContext::client(trusting_options()),
                           server_context());
  read_bytes(*pair.client, 0);
  const std::string_view text = "more than seven bytes";
  const std::size_t sent = pair.server->write_some({&text, 1}, test_deadline());
  EXPECT_EQ(sent, text.size() - 1);  // the record is under way; its last byte is not owed up to yet
  EXPECT_THROW(pair.client->wait({.read = true}, Deadline::after(1ms)), TimeoutError);
  write_all(*pair.server, text.substr(sent));
  EXPECT_TRUE(pair.client->wait({.read = true}, test_deadline()).read);
  EXPECT_EQ(read_bytes(*pair.client, text.size()), text);
}

// Sends all of `data` and takes as much, as a pipeline does: it reads whenever there is something.
void exchange_without_blocking(Transport& transport, std::string data) {
  std::size_t sent = 0, received = 0;
  char into[3000];
  while (sent < data.size() || received < data.size()) {
    const auto ready = transport.wait({.read = received < data.size(), .write = sent < data.size()},
                                      test_deadline());
    if (ready.read) received += transport.read_some(into, test_deadline());
    if (ready.write) {
      const std::string_view rest = std::string_view(data).substr(sent);
      sent += transport.write_some({&rest, 1}, test_deadline());
    }
  }
}

TEST(TLSTransport, FullBuffersOnBothSidesDoNotWaitForEachOther) {
  auto pair = connect_pair(memory_pair({.capacity = 5000}), TLSContext::client(trusting_options()),
                           server_context());
  auto served = std::async(std::launch::async,
                           [&] { exchange_without_blocking(*pair.server, pattern(300000)); });
  exchange_without_blocking(*pair.client, pattern(300000));
  served.get();
}

TEST(TLSTransport, GathersPartsOfAllSizes) {
  auto pair = connect_pair(TLSContext::client(trusting_options()), server_context());
  const std::string a = pattern(100), b = pattern(40000), c = pattern(16384), d = pattern(1);
  for (const auto& parts : std::vector<std::vector<std::string_view>>{
           {a, b, c}, {b, a}, {"", a, "", d, ""}, {c}, {c, c}, {d, d, d, b}, {"", ""}, {}}) {
    std::string expected;
    for (const std::string_view part : parts) expected += part;
    std::string rest = expected;
    std::size_t sent = pair.client->write_some(parts, test_deadline());
    EXPECT_LE(sent, 16384U);
    EXPECT_EQ(sent == 0, expected.empty());
    write_all(*pair.client, std::string_view(expected).substr(sent));
    EXPECT_TRUE(read_bytes(*pair.server, expected.size()) == expected);
  }
}

TEST(TLSTransport, RunsInsideTLS) {
  auto outer = connect_pair(TLSContext::client(trusting_options()), server_context());
  auto accepted = std::async(std::launch::async, [&] {
    return TLSTransport::accept(std::move(outer.server), server_context(), test_deadline());
  });
  auto client =
      TLSTransport::connect(std::move(outer.client), TLSContext::client(trusting_options()),
                            "a.wild.example", 443, test_deadline());
  auto server = accepted.get();
  auto served = std::async(std::launch::async, [&] { write_all(*server, pattern(1 << 20)); });
  EXPECT_TRUE(read_bytes(*client, 1 << 20) == pattern(1 << 20));
  served.get();
  EXPECT_EQ(client->peer(), "memory");
  server->close();
  EXPECT_EQ(read_bytes(*client, 1), "");
}

TEST(TLSTransport, ReadTimesOutAndTheWriteSideToo) {
  auto pair = connect_pair(memory_pair({.capacity = 20000}), TLSContext::client(trusting_options()),
                           server_context());
  char byte = 0;
  EXPECT_THROW(pair.client->read_some({&byte, 1}, Deadline::after(1ms)), TimeoutError);
  const std::string data = pattern(100000);
  std::string_view rest = data;
  EXPECT_THROW(
      {
        while (!rest.empty())
          rest.remove_prefix(pair.server->write_some({&rest, 1}, Deadline::after(1ms)));
      },
      TimeoutError);
  pair.client->close();
  pair.client->close();
}

TEST(TLSTransport, AgreesOnALPN) {
  TLSOptions client = trusting_options(), server;
  client.alpn = {"h2", "http/1.1"};
  EXPECT_EQ(connect_pair(TLSContext::client(client), server_context()).client->info().alpn, "");
  server.alpn = {"http/1.1"};
  auto pair = connect_pair(TLSContext::client(client), server_context(test_server(), server));
  EXPECT_EQ(pair.client->info().alpn, "http/1.1");
  EXPECT_EQ(pair.server->info().alpn, "http/1.1");
  server.alpn = {"h2", "http/1.1"};
  pair = connect_pair(TLSContext::client(client), server_context(test_server(), server));
  EXPECT_EQ(pair.client->info().alpn, "h2");
  client.alpn = {"imap"};
  EXPECT_THROW(connect_pair(TLSContext::client(client), server_context(test_server(), server)),
               TLSError);
}

TEST(TLSTransport, BothSidesHaveTheSameChannelBindings) {
  for (const TLSVersion version : {TLSVersion::tls1_2, TLSVersion::tls1_3}) {
    TLSOptions options = trusting_options();
    options.max_version = version;
    auto pair = connect_pair(TLSContext::client(options), server_context());
    EXPECT_EQ(pair.client->tls_exporter_binding().size(), 32U);
    EXPECT_EQ(pair.client->tls_exporter_binding(), pair.server->tls_exporter_binding());
    EXPECT_EQ(pair.client->tls_server_end_point_binding().size(), 32U);
    EXPECT_EQ(pair.client->tls_server_end_point_binding(),
              pair.server->tls_server_end_point_binding());
    auto other = connect_pair(TLSContext::client(options), server_context());
    EXPECT_NE(pair.client->tls_exporter_binding(), other.client->tls_exporter_binding());
  }
}

}  // namespace
}  // namespace proto::test
