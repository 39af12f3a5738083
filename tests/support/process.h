// Other programs, files and ports, for tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace proto::test {

// A folder below $TMPDIR that goes, with all that is in it, when this does.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Makes the file, and the folders above it; its whole path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

// The whole file; throws where it cannot be read.
std::string read_file(const std::string& path);

struct ProcessOptions {
  std::string input;                       // on stdin
  std::map<std::string, std::string> env;  // on top of ours
  std::vector<std::string> unset;          // not taken over from ours
  std::string folder;                      // to run in; empty: ours
  std::string stdout_file;                 // written there and not kept, as for /dev/full
  std::vector<int> closed;                 // of 0, 1 and 2: not open at all in the program
  // All three are one terminal, and it is the controlling one: input comes from there, out has all
  // that is shown, the echo too, with CRLF.
  bool terminal = false;
  std::chrono::seconds bound{60};  // then it is killed
};

struct ProcessResult {
  int status = -1;  // exit status; -1 where a signal ended it
  int signal = 0;
  bool timed_out = false;
  std::string out;
  std::string err;
  long max_rss_kib = 0;

  // "exit status 7", "signal 11", "killed after its bound"; with stderr, for messages.
  std::string describe() const;
};

// hostile.md: how much memory a program may have held, whatever its peer did: 16 MiB more than the
// `idle` one did. A sanitizer's own memory is no part of that: under one there is no bound.
long memory_bound_kib(const ProcessResult& idle);

// Runs a program to its end. argv[0] is searched in $PATH. Throws where it cannot be started.
ProcessResult run(const std::vector<std::string>& argv, const ProcessOptions& options = {});
// The path of one of our own programs, as they were built with this test.
std::string our_program(std::string_view name);
// The full path of a program, looked for in $PATH and the sbin folders too. Throws, naming the
// Debian package, where there is none.
std::string find_program(std::string_view name, std::string_view package);

// A program that runs on, such as a server. Its descendants are in a process group of its own; when
// this object goes, it and they are told to end, then killed.
class Child {
 public:
  explicit Child(const std::vector<std::string>& argv, const ProcessOptions& options = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  // The next line on its stdout, without LF; throws at its end, or after options.bound.
  std::string read_line();
  // The descriptors of its stdin and stdout, -1 once closed.
  int stdin_fd() const { return in_; }
  int stdout_fd() const { return out_; }
  void close_stdin();
  void signal(int number) const;
  // Waits for its end, after options.bound by killing it. What it wrote since is in the result.
  ProcessResult wait();
  // SIGTERM, then wait(); killed after a few seconds.
  ProcessResult stop();

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  std::chrono::seconds bound_;
  std::string input_;
  std::string out_text_;
  bool ended_ = false;
  ProcessResult result_;
};

// A port on loopback that is free just now.
std::uint16_t free_port();
// Returns when something accepts on 127.0.0.1:port or the Unix socket; throws after `bound`, or
// when `child`, where given, has ended.
void wait_for_port(std::uint16_t port, Child* child = nullptr,
                   std::chrono::seconds bound = std::chrono::seconds(30));
void wait_for_socket(const std::string& path, Child* child = nullptr,
                     std::chrono::seconds bound = std::chrono::seconds(30));
// Calls `condition` until it is true, at most `bound` long; whether it became so.
bool wait_until(const std::function<bool()>& condition,
                std::chrono::seconds bound = std::chrono::seconds(30));

// A loopback port where connect() is refused for as long as this lives.
class RefusingPort {
 public:
  RefusingPort();
  ~RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_;
};

// A loopback port where connect() hangs: a listener whose queue is full.
class BlackHole {
 public:
  BlackHole();
  ~BlackHole();
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  std::vector<int> fds_;
  std::uint16_t port_;
};

}  // namespace proto::test
