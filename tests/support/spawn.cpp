#include "support/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

extern char** environ;

namespace proto::test {

namespace {

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

void set_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
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
  bool terminal = false;
};

// Runs in the child.
[[noreturn]] void become(const Image& image, int in, int out, int err, int report) {
  if (image.terminal) {
    ::setsid();
    ::ioctl(in, TIOCSCTTY, 0);
  } else {
    ::setpgid(0, 0);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  bool ok = image.folder.empty() || ::chdir(image.folder.c_str()) == 0;
  ok = ok && ::dup2(in, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(err, 2) == 2;
  if (ok) {
    // What our parents left open, such as ctest's logs, is none of the program's.
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    for (const int fd : image.closed) ::close(fd);
    ::execve(image.program.c_str(), image.argv.data(), image.env.data());
  }
  const int why = errno;
  const ssize_t ignored = ::write(report, &why, sizeof why);
  ::_exit(ignored > 0 ? 127 : 126);
}

// A terminal: its own end, and the program's.
std::pair<int, int> open_terminal() {
  const int ours = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  std::array<char, 64> name{};
  if (ours < 0 || ::grantpt(ours) != 0 || ::unlockpt(ours) != 0 ||
      ::ptsname_r(ours, name.data(), name.size()) != 0) {
    fail_with_errno("terminal");
  }
  const int theirs = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (theirs < 0) fail_with_errno(name.data());
  return {ours, theirs};
}

Image make_image(const std::vector<std::string>& argv, const ProcessOptions& options) {
  Image image;
  image.program = search(argv.at(0), search_path());
  if (image.program.empty()) throw std::runtime_error("no program " + argv[0]);
  image.argv_text = argv;
  image.env_text = environment(options);
  image.folder = options.folder;
  image.closed = options.closed;
  image.terminal = options.terminal;
  return image;
}

}  // namespace

Spawned spawn(const std::vector<std::string>& argv, const ProcessOptions& options) {
  Image image = make_image(argv, options);
  image.argv = pointers(image.argv_text);
  image.env = pointers(image.env_text);

  Pipe in, out, err, report;
  if (options.terminal) {
    const auto [ours, theirs] = open_terminal();
    for (const auto& [fd, to] : {std::pair(ours, in.write),
                                 {ours, out.read},
                                 {theirs, in.read},
                                 {theirs, out.write},
                                 {theirs, err.write}}) {
      ::dup3(fd, to, O_CLOEXEC);
    }
    ::close(ours);
    ::close(theirs);
    close_fd(err.read);
  }
  if (!options.stdout_file.empty()) {
    const int file =
        ::open(options.stdout_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) fail_with_errno(options.stdout_file);
    ::dup3(file, out.write, O_CLOEXEC);
    ::close(file);
  }
  const pid_t pid = ::fork();
  if (pid < 0) fail_with_errno("fork");
  if (pid == 0) become(image, in.read, out.write, err.write, report.write);
  if (!options.terminal) ::setpgid(pid, pid);  // here too: whoever comes first
  close_fd(report.write);
  int why = 0;
  if (::read(report.read, &why, sizeof why) == sizeof why) {
    ::waitpid(pid, nullptr, 0);
    errno = why;
    fail_with_errno(image.program);
  }
  const Spawned spawned{pid, std::exchange(in.write, -1), std::exchange(out.read, -1),
                        std::exchange(err.read, -1)};
  for (const int fd : {spawned.in, spawned.out, spawned.err}) set_nonblocking(fd);
  return spawned;
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
