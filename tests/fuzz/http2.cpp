// A server's side of HTTP/2, from nowhere: heads and bodies, or an error, within the limits,
// whatever the cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/error.h"
#include "wire/http2.h"
#include "wire/http_request.h"

namespace {

constexpr proto::HTTP2Limits kLimits{
    .responses = {.head = {.max_head_bytes = 4096, .max_line_bytes = 512, .max_fields = 40},
                  .max_trailer_bytes = 1024,
                  .max_interim_responses = 4},
    .max_idle_frames = 50};

// Two requests, the second of which waits for its turn.
struct Exchange {
  Exchange()
      : first(session.request(
            {.method = "GET", .scheme = "http", .path = "/", .authority = "fuzz", .fields = {}},
            false)),
        second(session.request(
            {.method = "POST", .scheme = "http", .path = "/", .authority = "fuzz", .fields = {}},
            true)) {
    session.responses().read_body_of(first);
    session.send_body(second, "a body that goes out as the windows allow", true);
    send();
  }
  void send() {
    out.clear();
    session.take_output(out, SIZE_MAX);
  }
  void note_head(proto::HTTP2Session::StreamID id) {
    while (session.responses().head(id) != nullptr) {
      const proto::HTTP2Head head = session.responses().take_head(id);
      if (head.fields.size() > kLimits.responses.head.max_fields) std::abort();
      text += to_text(head);
    }
  }
  void note_end(proto::HTTP2Session::StreamID id) {
    if (session.responses().ended(id)) {
      text += "ended";
      proto::append_fields(text, session.responses().take_trailers(id));
    } else if (const auto loss = session.responses().loss(id)) {
      text += loss->reason + (loss->processed ? "" : "!");
    }
  }
  void feed(std::string_view bytes) {
    while (!bytes.empty() || session.has_input()) {
      bytes.remove_prefix(session.feed(bytes));
      send();
      note_head(first);
      note_head(second);
      body += session.responses().piece();
      session.consume(session.responses().piece().size());
    }
  }

  proto::HTTP2Session session{kLimits};
  proto::HTTP2Session::StreamID first, second;
  std::string out, text, body;
};

std::string run(std::string_view input, std::size_t step) {
  Exchange exchange;
  std::string error;
  try {
    for (; !input.empty(); input.remove_prefix(std::min(step, input.size())))
      exchange.feed(input.substr(0, step));
    exchange.note_end(exchange.first);
    exchange.note_end(exchange.second);
    exchange.session.responses().read_body_of(exchange.second);
    exchange.body += "|";
    exchange.body += exchange.session.responses().piece();
    exchange.session.forget(exchange.first);
    exchange.session.forget(exchange.second);
    exchange.send();
  } catch (const proto::Error& e) {
    error = e.what();
  }
  return exchange.text + exchange.body + error;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!proto::HTTP2Session::built_in()) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string whole = run(input, input.size() + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{64}})
    if (run(input, step) != whole) std::abort();
  return 0;
}
