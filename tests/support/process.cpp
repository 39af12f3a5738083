#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

extern char** environ;

namespace proto::test {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) fail_with_errno("pipe");
    read = fds[0];
    write = fds[1];
  }
  ~Pipe() {
    close_fd(read);
    close_fd(write);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
};

std::vector<std::string> environment(const ProcessOptions& options) {
  std::vector<std::string> out;
  for (char** e = environ; *e != nullptr; ++e) {
    const std::string entry = *e;
    const std::string name = entry.substr(0, entry.find('='));
    const bool replaced = options.env.count(name) > 0;
    const bool unset = std::count(options.unset.begin(), options.unset.end(), name) > 0;
    if (!replaced && !unset) out.push_back(entry);
  }
  for (const auto& [name, value] : options.env) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

bool executable(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0;
}

std::string search(const std::string& name, const std::string& folders) {
  if (name.find('/') != std::string::npos) return executable(name) ? name : "";
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string path = folders.substr(begin, end - begin) + "/" + name;
    if (executable(path)) return path;
    begin = end + 1;
  }
  return "";
}

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/usr/bin:/bin";
}

// Everything that exec needs, made before fork: afterwards only system calls are allowed.
struct Image {
  std::string program;
  std::vector<std::string> argv_text, env_text;
  std::vector<char*> argv, env;
  std::string folder;
  std::vector<int> closed;
};

[[noreturn]] void become(const Image& image, int in, int out, int err, int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  bool ok = image.folder.empty() || ::chdir(image.folder.c_str()) == 0;
  ok = ok && ::dup2(in, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(err, 2) == 2;
  if (ok) {
    for (const int fd : image.closed) ::close(fd);
    ::execve(image.program.c_str(), image.argv.data(), image.env.data());
  }
  const int why = errno;
  const ssize_t ignored = ::write(report, &why, sizeof why);
  ::_exit(ignored > 0 ? 127 : 126);
}

void set_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// Appends what is there; false at the end.
bool read_available(int fd, std::string& into) {
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n > 0) {
      into.append(piece.data(), static_cast<std::size_t>(n));
    } else {
      return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
  }
}

int milliseconds_until(Clock::time_point when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
}

}  // namespace

std::string ProcessResult::describe() const {
  std::string how = timed_out     ? "killed after its bound"
                    : signal != 0 ? "signal " + std::to_string(signal)
                                  : "exit status " + std::to_string(status);
  if (!err.empty()) how += "; stderr: " + err;
  return how;
}

Child::Child(const std::vector<std::string>& argv, const ProcessOptions& options)
    : bound_(options.bound), input_(options.input) {
  Image image;
  image.program = search(argv.at(0), search_path());
  if (image.program.empty()) throw std::runtime_error("no program " + argv[0]);
  image.argv_text = argv;
  image.env_text = environment(options);
  image.argv = pointers(image.argv_text);
  image.env = pointers(image.env_text);
  image.folder = options.folder;
  image.closed = options.closed;

  Pipe in, out, err, report;
  int file = -1;
  if (!options.stdout_file.empty()) {
    file = ::open(options.stdout_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) fail_with_errno(options.stdout_file);
  }
  pid_ = ::fork();
  if (pid_ < 0) fail_with_errno("fork");
  if (pid_ == 0) become(image, in.read, file >= 0 ? file : out.write, err.write, report.write);
  ::setpgid(pid_, pid_);  // here too: whoever comes first
  close_fd(file);
  close_fd(report.write);
  int why = 0;
  if (::read(report.read, &why, sizeof why) == sizeof why) {
    ::waitpid(pid_, nullptr, 0);
    errno = why;
    fail_with_errno(image.program);
  }
  in_ = std::exchange(in.write, -1);
  out_ = std::exchange(out.read, -1);
  err_ = std::exchange(err.read, -1);
  set_nonblocking(in_);
  set_nonblocking(out_);
  set_nonblocking(err_);
}

Child::~Child() {
  if (!ended_) stop();
  close_fd(in_);
  close_fd(out_);
  close_fd(err_);
}

bool Child::running() {
  if (ended_) return false;
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

void Child::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

void Child::close_stdin() {
  close_fd(in_);
}

std::string Child::read_line() {
  const auto end = Clock::now() + bound_;
  while (true) {
    const std::size_t lf = out_text_.find('\n');
    if (lf != std::string::npos) {
      std::string line = out_text_.substr(0, lf);
      out_text_.erase(0, lf + 1);
      return line;
    }
    pollfd fd{out_, POLLIN, 0};
    if (::poll(&fd, 1, milliseconds_until(end)) == 0)
      throw std::runtime_error("no line came from process " + std::to_string(pid_));
    if (!read_available(out_, out_text_)) {
      if (out_text_.find('\n') != std::string::npos) continue;
      const ProcessResult result = wait();
      throw std::runtime_error("process ended: " + result.describe());
    }
  }
}

ProcessResult Child::wait() {
  if (ended_) return result_;
  const auto end = Clock::now() + bound_;
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (handle < 0) fail_with_errno("pidfd_open");
  std::string_view input = input_;
  bool over = false;
  while (!over) {
    if (input.empty()) close_stdin();
    std::array<pollfd, 4> fds{
        {{handle, POLLIN, 0}, {in_, POLLOUT, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), milliseconds_until(end)) == 0) {
      result_.timed_out = true;
      ::kill(-pid_, SIGKILL);
      ::poll(fds.data(), 1, -1);
      over = true;
    }
    over = over || fds[0].revents != 0;
    if (fds[1].revents != 0) {
      // A program that does not read its input is none of our business: EPIPE ends it.
      const ssize_t n = ::write(in_, input.data(), input.size());
      if (n > 0) {
        input.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno != EAGAIN && errno != EINTR) {
        input = {};
      }
    }
    if (out_ >= 0 && !read_available(out_, out_text_)) close_fd(out_);
    if (err_ >= 0 && !read_available(err_, result_.err)) close_fd(err_);
  }
  ::close(handle);
  close_stdin();
  rusage usage{};
  int status = 0;
  ::wait4(pid_, &status, 0, &usage);
  ended_ = true;
  ::kill(-pid_, SIGKILL);  // whatever it left behind
  result_.max_rss_kib = usage.ru_maxrss;
  if (WIFEXITED(status)) {
    result_.status = WEXITSTATUS(status);
  } else {
    result_.signal = WTERMSIG(status);
  }
  result_.out = std::move(out_text_);
  return result_;
}

ProcessResult Child::stop() {
  if (ended_) return result_;
  bound_ = std::min(bound_, std::chrono::seconds(10));
  ::kill(pid_, SIGTERM);
  return wait();
}

ProcessResult run(const std::vector<std::string>& argv, const ProcessOptions& options) {
  return Child(argv, options).wait();
}

std::string our_program(std::string_view name) {
  const std::string path = std::string(PROTO_BIN_DIR "/") + std::string(name);
  if (!executable(path)) throw std::runtime_error(path + " is not built");
  return path;
}

std::string find_program(std::string_view name, std::string_view package) {
  const std::string path =
      search(std::string(name), search_path() + ":/usr/local/sbin:/usr/sbin:/sbin");
  if (path.empty()) {
    throw std::runtime_error("no program " + std::string(name) + ": apt-get install " +
                             std::string(package));
  }
  return path;
}

}  // namespace proto::test
