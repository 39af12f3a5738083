#include "common/passwords.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

#include "base/characters.h"
#include "common/program.h"

namespace proto::tools {

namespace {

constexpr std::size_t kMaxSecretBytes = 64 * 1024;
constexpr std::size_t kMaxNetrcBytes = 1024 * 1024;

// For poll(): milliseconds until then, at most `most`.
int poll_span(Deadline deadline, long most) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()).count();
  return static_cast<int>(std::clamp<long>(left, 0, most));
}

// Closes itself; what the system refuses is a PasswordError about `what`.
class File {
 public:
  File(std::string what, int fd) : what_(std::move(what)), fd_(fd) {
    if (fd_ < 0) fail(errno);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }
  int fd() const { return fd_; }

  [[noreturn]] void fail(int code) const {
    const std::string text = "cannot read " + what_ + ": " + std::generic_category().message(code);
    if (code == ETIMEDOUT) throw PasswordTimeout(text);
    throw PasswordError(text);
  }

  // Up to the end of the first line, or of the file.
  Secret read_all(std::size_t max_bytes, bool line_only, Deadline deadline = {}) const {
    std::string text;
    text.reserve(max_bytes + 1);  // it must not move: only one copy can be wiped
    text.resize(max_bytes + 1);
    std::size_t have = 0;
    int code = 0;
    while (have <= max_bytes && !(line_only && text.find('\n') < have)) {
      if (!wait_readable(deadline)) {
        code = ETIMEDOUT;
        break;
      }
      const ssize_t n = ::read(fd_, text.data() + have, text.size() - have);
      if (n < 0 && errno == EINTR && !line_only) continue;
      if (n < 0) code = errno;
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    std::string_view got(text.data(), have);
    if (line_only) got = got.substr(0, got.find('\n'));
    if (line_only && got.ends_with('\r')) got.remove_suffix(1);
    Secret secret(got);
    wipe(text.data(), text.size());
    if (code != 0) fail(code);
    if (have > max_bytes) fail(EFBIG);
    return secret;
  }

 private:
  bool wait_readable(Deadline deadline) const {
    if (deadline.is_never()) return true;
    pollfd one{fd_, POLLIN, 0};
    for (;;) {
      const int left = poll_span(deadline, 1 << 30);
      const int ready = ::poll(&one, 1, left);
      if (ready != 0 && !(ready < 0 && errno == EINTR)) return true;
      if (left <= 0) return false;
    }
  }

  std::string what_;
  int fd_;
};

Secret first_line_of_file(const std::string& path) {
  const File file(escaped(path), ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Secret line = file.read_all(kMaxSecretBytes, true);
  if (line.empty()) throw PasswordError("no password in the first line of " + escaped(path));
  return line;
}

// At a terminal a command stays in our process group: it may ask there, and Ctrl-C is for all of
// us.
bool has_terminal() {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

// A child. Killed where it still runs in the end, with its process group where that is its own;
// waited for in any case.
class Command {
 public:
  Command(pid_t pid, bool own_group) : pid_(pid), own_group_(own_group) {
    // Done on both sides, so that it is done when either goes on.
    if (own_group_) ::setpgid(pid_, pid_);
    if (own_group_) remember_child_group(pid_);
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command() {
    if (own_group_) remember_child_group(0);
    if (ended_) return;
    ::kill(own_group_ ? -pid_ : pid_, SIGKILL);
    has_ended(0);
  }

  // Whether it has ended by then. Its output may have ended long before.
  bool wait(Deadline deadline) {
    if (deadline.is_never()) return has_ended(0);
    // glibc's own declaration is none for C++ before 2.37. -1: the kernel has none, we look often.
    const int watched = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    pollfd one{watched, POLLIN, 0};
    while (!has_ended(WNOHANG) && deadline.remaining() > Deadline::Clock::duration::zero())
      ::poll(&one, 1, poll_span(deadline, watched < 0 ? 20 : 1 << 30));
    if (watched >= 0) ::close(watched);
    return ended_;
  }
  int status() const { return status_; }  // as waitpid() tells it

 private:
  bool has_ended(int flags) {
    pid_t got = -1;
    do {
      got = ended_ ? pid_ : ::waitpid(pid_, &status_, flags);
    } while (got < 0 && errno == EINTR);
    return ended_ = got != 0;
  }

  pid_t pid_;
  bool own_group_;
  int status_ = 0;
  bool ended_ = false;
};

// The command runs in a shell, with nothing on stdin: that may hold a mail.
Secret first_line_of_command(const std::string& command, Deadline deadline) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw PasswordError("cannot run the password command: " +
                        std::generic_category().message(errno));
  const bool own_group = !has_terminal();
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (own_group) ::setpgid(0, 0);
    const int nothing = ::open("/dev/null", O_RDONLY);
    std::signal(SIGPIPE, SIG_DFL);  // ignored here, and that would be inherited
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[1]);
  const File out("what the password command prints", ends[0]);
  if (pid < 0) out.fail(EAGAIN);
  Command running(pid, own_group);
  const Secret all = out.read_all(kMaxSecretBytes, false, deadline);
  if (!running.wait(deadline)) out.fail(ETIMEDOUT);
  if (const int status = running.status(); status != 0) {
    throw PasswordError("the password command failed: " +
                        (WIFEXITED(status) ? "exit status " + std::to_string(WEXITSTATUS(status))
                                           : "signal " + std::to_string(WTERMSIG(status))));
  }
  std::string_view line = all.reveal().substr(0, all.reveal().find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) throw PasswordError("the password command printed nothing");
  return Secret(line);
}

std::optional<Credentials> from_netrc(const std::string& named, const PasswordRequest& request) {
  const std::string path = named.empty() ? home_folder() + "/.netrc" : named;
  if (named.empty() && ::access(path.c_str(), R_OK) != 0) return std::nullopt;
  const File file(escaped(path), ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const Secret text = file.read_all(kMaxNetrcBytes, false);
  try {
    auto found = find_in_netrc(text.reveal(), request.host, request.user);
    if (found && found->password.empty()) return std::nullopt;
    return found;
  } catch (const std::invalid_argument& e) {
    throw PasswordError(escaped(path) + ": " + e.what());
  }
}

volatile std::sig_atomic_t interrupted_by = 0;
extern "C" void note_signal(int number) {
  interrupted_by = number;
}

// The terminal without echo. A signal that comes meanwhile is delivered when the echo is back.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    interrupted_by = 0;
    struct sigaction note {};
    note.sa_handler = note_signal;  // no SA_RESTART: read() returns
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &note, &old_[i]);
    ::tcgetattr(terminal_, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    if (::write(terminal_, "\n", 1) < 0) interrupted_by = interrupted_by;
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &old_[i], nullptr);
    if (interrupted_by != 0) std::raise(interrupted_by);
  }

 private:
  static constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
  int terminal_;
  termios before_{};
  std::array<struct sigaction, 4> old_{};
};

Secret ask(const PasswordRequest& request) {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    throw PasswordError("no password for " + escaped(request.user) + " at " +
                        escaped(request.host) +
                        ": neither file, command nor netrc, and no terminal to ask on");
  }
  const File terminal("the terminal", fd);
  const std::string prompt =
      "Password for " + escaped(request.user) + " at " + escaped(request.host) + ": ";
  if (::write(fd, prompt.data(), prompt.size()) < 0) terminal.fail(errno);
  const Silence silence(fd);
  Secret line = terminal.read_all(kMaxSecretBytes, true);
  if (line.empty()) throw PasswordError("no password given");
  return line;
}

}  // namespace

std::string home_folder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  const passwd* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_dir : "/";
}

void add_password_options(CLI::App& app, PasswordSources& sources) {
  CLI::Option_group* const group = app.add_option_group("Password");
  group->add_option("--password-file", sources.file, "The password is the first line of FILE")
      ->type_name("FILE");
  group
      ->add_option("--password-command", sources.command,
                   "The password is the first line that CMD prints")
      ->type_name("CMD");
  group->add_option("--netrc-file", sources.netrc, "Look it up in FILE, not ~/.netrc")
      ->type_name("FILE");
}

Credentials find_credentials(const PasswordSources& sources, const PasswordRequest& request) {
  Credentials credentials;
  credentials.user = request.user.empty() ? request.default_user : request.user;
  Secret secret;
  if (!sources.file.empty()) {
    secret = first_line_of_file(sources.file);
  } else if (!sources.command.empty()) {
    secret = first_line_of_command(sources.command, request.deadline);
  } else if (request.token) {
    throw PasswordError("an OAuth token comes from --password-file or --password-command");
  } else if (auto found = from_netrc(sources.netrc, request)) {
    if (found->user.empty()) found->user = credentials.user;
    return *std::move(found);
  } else {
    PasswordRequest known = request;
    known.user = credentials.user;
    secret = ask(known);
  }
  (request.token ? credentials.oauth_token : credentials.password) = std::move(secret);
  return credentials;
}

}  // namespace proto::tools
