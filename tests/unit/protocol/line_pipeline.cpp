#include "protocol/line_pipeline.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <thread>

#include "proto/error.h"
#include "support/memory_transport.h"

namespace proto {
namespace {

using namespace test;

void tell(MemoryTransport& transport, std::string_view text) {
  while (!text.empty()) text.remove_prefix(transport.write_some({&text, 1}, Deadline::never()));
}

std::string told(MemoryTransport& transport) {
  char buffer[4096];
  return {buffer, transport.read_some(buffer, Deadline::never())};
}

struct Pipe {
  explicit Pipe(const MemoryOptions& options = {}, std::size_t window = LinePipeline::kWindowBytes)
      : Pipe(memory_pair(options), window) {}
  Pipe(MemoryPair pair, std::size_t window)
      : server(std::move(pair.second)),
        stream(std::move(pair.first)),
        pipeline(stream, nullptr, window) {}
  std::unique_ptr<MemoryTransport> server;
  Stream stream;
  LinePipeline pipeline;
};

TEST(LinePipeline, OneCommandAtATimeByItself) {
  Pipe pipe;
  pipe.pipeline.push("A");
  EXPECT_FALSE(pipe.pipeline.has_room());
  EXPECT_THROW(pipe.pipeline.push("B"), std::logic_error);
  tell(*pipe.server, "1\r\n");
  EXPECT_EQ(pipe.pipeline.read_line(10), "1");
  pipe.pipeline.pop();
  EXPECT_TRUE(pipe.pipeline.has_room());
  EXPECT_EQ(told(*pipe.server), "A\r\n");
}

TEST(LinePipeline, ManyCommandsAreOneSend) {
  Pipe pipe;
  pipe.pipeline.set_pipelining(true);
  for (const char* command : {"A", "B", "C"}) pipe.pipeline.push(command);
  tell(*pipe.server, "1\r\n2\r\n3\r\n");
  for (const char* reply : {"1", "2", "3"}) {
    EXPECT_EQ(pipe.pipeline.read_line(10), reply);
    pipe.pipeline.pop();
  }
  EXPECT_EQ(told(*pipe.server), "A\r\nB\r\nC\r\n");
}

TEST(LinePipeline, TheWindowIsInBytes) {
  Pipe pipe(MemoryOptions(), 10);
  pipe.pipeline.set_pipelining(true);
  int pushed = 0;
  for (; pipe.pipeline.has_room(); ++pushed) pipe.pipeline.push("A");
  EXPECT_EQ(pushed, 4);  // 3 bytes each
  tell(*pipe.server, "1\r\n2\r\n3\r\n4\r\n");
  pipe.pipeline.read_line(10);
  pipe.pipeline.pop();
  EXPECT_FALSE(pipe.pipeline.has_room()) << "9 of 10: sends stay large";
  for (int i = 0; i < 2; ++i) {
    pipe.pipeline.read_line(10);
    pipe.pipeline.pop();
  }
  EXPECT_TRUE(pipe.pipeline.has_room());
}

TEST(LinePipeline, GoesLessFarAheadOfAServerNearBy) {
  for (const int rounds : {0, 100}) {
    auto pair = memory_pair();
    Stream stream(std::move(pair.first));
    LinePipeline pipeline(stream, nullptr, 30, 10);
    // Of so many in memory one is quick, whatever else the machine does.
    for (int i = 0; i < rounds; ++i) {
      pipeline.push("A");
      tell(*pair.second, "1\r\n");
      pipeline.read_line(10);
      pipeline.pop();
    }
    pipeline.set_pipelining(true);
    int pushed = 0;
    for (; pipeline.has_room(); ++pushed) pipeline.push("A");
    EXPECT_EQ(pushed, rounds == 0 ? 10 : 4) << "3 bytes each";
  }
}

TEST(LinePipeline, NothingStaysOfACommandThatCouldNotBeWritten) {
  Pipe pipe;
  EXPECT_THROW(pipe.pipeline.push([](std::string& line) {
    line += "half of";
    throw std::bad_alloc();
  }),
               std::bad_alloc);
  EXPECT_THROW(pipe.pipeline.push("A\rB"), std::invalid_argument);
  pipe.pipeline.push("NOOP");
  pipe.pipeline.flush();
  EXPECT_EQ(told(*pipe.server), "NOOP\r\n");
}

TEST(LinePipeline, WhatNobodyAskedForIsAnError) {
  Pipe before;
  tell(*before.server, "1\r\n");
  before.stream.fill();
  EXPECT_THROW(before.pipeline.push("A"), ProtocolError);
  Pipe behind;
  behind.pipeline.push("A");
  tell(*behind.server, "1\r\n2\r\n");
  behind.pipeline.read_line(10);
  EXPECT_THROW(behind.pipeline.pop(), ProtocolError);
}

TEST(LinePipeline, RefusesLineBreaks) {
  Pipe pipe;
  EXPECT_THROW(pipe.pipeline.push("A\r\nB"), std::invalid_argument);
  EXPECT_THROW(pipe.pipeline.push_secret("A ", "b\n"), std::invalid_argument);
  EXPECT_THROW(pipe.pipeline.push(std::string_view("A\0", 2)), std::invalid_argument);
  EXPECT_EQ(pipe.pipeline.outstanding(), 0U);
}

TEST(LinePipeline, RepliesWithoutACommandAreAMistakeOfTheCaller) {
  Pipe pipe;
  EXPECT_THROW(pipe.pipeline.read_line(10), std::logic_error);
  EXPECT_THROW(pipe.pipeline.pop(), std::logic_error);
}

// A server that answers each command before it reads the next, over buffers that hold less than a
// window in either direction: whoever only writes, waits forever.
TEST(LinePipeline, FullBuffersNeverWaitForEachOther) {
  Pipe pipe({.max_read = 7, .max_write = 5, .capacity = 64}, 4096);
  pipe.pipeline.set_pipelining(true);
  constexpr int kCommands = 500;
  std::thread server([&] {
    Stream stream(std::move(pipe.server));
    for (int i = 0; i < kCommands; ++i) {
      const std::string line(stream.read_line(100));
      stream.write(line + " answered with much more than was asked for, so that buffers fill\r\n");
    }
  });
  int sent = 0;
  for (int done = 0; done < kCommands; ++done) {
    for (; sent < kCommands && pipe.pipeline.has_room(); ++sent)
      pipe.pipeline.push(std::to_string(sent));
    EXPECT_TRUE(pipe.pipeline.read_line(200).starts_with(std::to_string(done) + " answered"));
    pipe.pipeline.pop();
  }
  server.join();
}

TEST(LinePipeline, SecretsAreNotShown) {
  std::string seen;
  const Trace trace = [&](const TraceEvent& event) { (seen += event.text) += '|'; };
  auto pair = memory_pair();
  Stream stream(std::move(pair.first));
  LinePipeline pipeline(stream, &trace);
  pipeline.push_secret("PASS ", "hunter2");
  tell(*pair.second, "no hunter2 hunter2\r\n");
  EXPECT_EQ(pipeline.read_line(100), "no hunter2 hunter2");
  EXPECT_EQ(seen, "PASS ***|no *** ***|");
  EXPECT_EQ(told(*pair.second), "PASS hunter2\r\n");
}

}  // namespace
}  // namespace proto
