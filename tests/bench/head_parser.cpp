// What parsing costs: a response head of 11 fields and 400 bytes, a request head, chunk framing.
// For instructions: `perf stat`, or `valgrind --tool=callgrind` on `bench_head_parser --loop N`.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/body_framing.h"
#include "wire/chunked.h"
#include "wire/http_head.h"
#include "wire/http_request.h"

namespace {

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Mon, 23 Nov 2026 03:11:44 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 200\r\n"
    "Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"6561d3a0-c8\"\r\n"
    "Cache-Control: public, max-age=3600, must-revalidate\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Vary: Accept-Encoding\r\n"
    "Accept-Ranges: bytes\r\n"
    "\r\n";

std::size_t parse(proto::ResponseHeadParser& parser) {
  parser.reset();
  return parser.feed(kHead);
}

void response_head(benchmark::State& state) {
  proto::ResponseHeadParser parser;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(parse(parser));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kHead.size()));
}
BENCHMARK(response_head);

void framing(benchmark::State& state) {
  proto::ResponseHeadParser parser;
  parse(parser);
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(proto::framing_for("GET", 200, 11, parser.fields()));
    benchmark::DoNotOptimize(proto::keeps_alive(11, parser.fields()));
  }
}
BENCHMARK(framing);

void request_head(benchmark::State& state) {
  const proto::Fields fields = {
      {"Host", "www.example.org"}, {"User-Agent", "httpget/0.1"}, {"Accept", "*/*"}};
  std::string out;
  for ([[maybe_unused]] auto _ : state) {
    out.clear();
    proto::append_request_head(out, "GET", "/index.html", 11, fields);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(request_head);

// The framing of one chunk of 4 KiB.
void chunk(benchmark::State& state) {
  proto::ChunkedDecoder decoder;
  decoder.feed("1000\r\n");
  for ([[maybe_unused]] auto _ : state) {
    decoder.consumed(4096);
    benchmark::DoNotOptimize(decoder.feed("\r\n1000\r\n"));
  }
}
BENCHMARK(chunk);

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--loop") {
    proto::ResponseHeadParser parser;
    std::size_t sum = 0;
    for (long i = std::atol(argv[2]); i > 0; --i) sum += parse(parser);
    return sum == 0 ? 1 : 0;
  }
  std::puts("the bar for response_head: 245 ns, 1.5 times picohttpparser's 163 ns");
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
