// What the parts of POP3 share: the conversation below its verbs.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "proto/pop3.h"
#include "protocol/line_pipeline.h"
#include "wire/dots.h"
#include "wire/pop3_reply.h"

namespace proto {

// What a refusal of this command means.
enum class POP3Refusal { plain, login, message };

struct POP3::State {
  enum class Step { authorization, name_given, transaction };  // RFC 1939 §3

  State(Stream connected, std::string to_host, POP3Options with)
      : host(std::move(to_host)),
        options(std::move(with)),
        stream(std::move(connected)),
        pipeline(stream, &options.connect.trace, LinePipeline::kWindowBytes,
                 LinePipeline::kNearWindowBytes) {}

  void greet();
  // Whether a password may go as it is, and the error where it may not.
  bool secrets_may_go() const;
  void require_cover(std::string_view what) const;

  // Begins a verb: the connection is open and at `wanted`, its time runs from now. Throws
  // std::logic_error.
  void begin(std::string_view verb, Step wanted);
  void begin(std::string_view verb);
  // Runs what a verb does once it has begun. What does not leave the conversation in order closes
  // the connection.
  template <typename Work>
  auto run(Work work) -> decltype(work());

  // One command whose reply is one line; the text behind +OK. Throws a POP3Error.
  std::string simple(std::string_view command, POP3Refusal refusal = POP3Refusal::plain);
  std::string simple_secret(std::string_view prefix, std::string_view secret);
  // One command with a status line to be followed by text: the former's text.
  std::string start_text(std::string_view command, POP3Refusal refusal = POP3Refusal::plain);
  // The status line of the oldest command. Its views die at the next read.
  POP3Status read_status(std::string_view verb);
  // Throws what -ERR means.
  [[noreturn]] void refuse(std::string_view command, const POP3Status& status,
                           POP3Refusal refusal) const;
  POP3Error error_for(std::string_view command, const POP3Status& status) const;

  // The text after a status line, piece by piece, to its end; how many bytes it was.
  template <typename Sink>
  std::uint64_t read_text(std::uint64_t max_bytes, Sink sink);
  // The same, line by line, without line ends.
  template <typename Sink>
  std::uint64_t read_lines(std::uint64_t max_bytes, Sink sink);
  // The whole text in one piece: where it all is in the stream's buffer already, there. It is good
  // until end_text().
  std::string_view begin_text(std::uint64_t max_bytes);
  void end_text();

  void bulk(std::string_view verb, std::string_view suffix, std::uint64_t max_bytes,
            POP3Numbers numbers, const std::function<void(const POP3Item&)>& each);
  POP3Message message(const std::string& command, std::uint64_t max_bytes);

  std::string host;
  std::uint16_t port = 0;
  POP3Options options;
  Stream stream;
  LinePipeline pipeline;
  Deadline deadline;
  Step step = Step::authorization;
  std::string welcome;
  std::optional<POP3Capabilities> capabilities;
  std::optional<std::uint32_t> count;  // as STAT said
  bool deletes = false;                // DELE was taken, and no RSET since
  std::string scratch;                 // of begin_text()
  std::size_t in_place = 0;            // bytes that end_text() takes off the stream
};

template <typename Work>
auto POP3::State::run(Work work) -> decltype(work()) {
  const auto close_if = [&](bool broken) {
    if (broken || pipeline.outstanding() > 0) stream.close();
  };
  try {
    return work();
  } catch (const ReplyError&) {
    close_if(false);
    throw;
  } catch (const POP3NotSupportedError&) {
    close_if(false);
    throw;
  } catch (const std::logic_error&) {
    close_if(false);
    throw;
  } catch (...) {
    close_if(true);
    throw;
  }
}

template <typename Sink>
std::uint64_t POP3::State::read_text(std::uint64_t max_bytes, Sink sink) {
  DotDecoder dots(max_bytes);
  while (!dots.done()) {
    if (stream.peek().empty() && !stream.fill()) dots.finish();
    const auto [used, text] = dots.feed(stream.peek());
    if (!text.empty()) sink(text);
    stream.consume(used);
  }
  return dots.size();
}

template <typename Sink>
std::uint64_t POP3::State::read_lines(std::uint64_t max_bytes, Sink sink) {
  std::string begun;  // a line of which only a part has come
  const auto line = [&](std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    sink(text);
  };
  const auto size = read_text(max_bytes, [&](std::string_view text) {
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      if (begun.empty()) {
        line(text.substr(0, end));
      } else {
        begun += text.substr(0, end);
        line(begun);
        begun.clear();
      }
      text.remove_prefix(end + 1);
    }
    begun += text;
  });
  return size;
}

}  // namespace proto
