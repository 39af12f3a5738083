#include "support/process.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>

#include "support/process_state.h"

namespace proto::test {
namespace {

// And no SIGPIPE ends the test, however often.
TEST(Process, AProgramMayEndWithoutReadingItsInput) {
  ProcessOptions options;
  options.input = std::string(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run({"true"}, options).status, 0);
}

TEST(Process, GivesStatusOutputAndErrors) {
  ProcessOptions options;
  options.input = std::string(1 << 20, 'x');
  const ProcessResult result = run({"sh", "-c", "wc -c; echo oops >&2; exit 7"}, options);
  EXPECT_EQ(result.status, 7);
  EXPECT_EQ(result.out, "1048576\n");
  EXPECT_EQ(result.err, "oops\n");
  EXPECT_GT(result.max_rss_kib, 0);
  EXPECT_EQ(result.describe(), "exit status 7; stderr: oops\n");
}

TEST(Process, GivesLargeOutputWhole) {
  EXPECT_EQ(run({"head", "-c", "3000000", "/dev/zero"}).out.size(), 3000000U);
}

TEST(Process, TellsSignalsAndBounds) {
  EXPECT_EQ(run({"sh", "-c", "kill -TERM $$"}).signal, SIGTERM);
  ProcessOptions options;
  options.bound = std::chrono::seconds(0);
  const ProcessResult result = run({"cat"}, options);  // its stdin ends only when asked to wait
  EXPECT_TRUE(result.timed_out || result.status == 0);
}

TEST(Process, SetsTheEnvironmentTheFolderAndTheDescriptors) {
  ProcessOptions options;
  options.env = {{"COLOUR", "blue"}};
  options.unset = {"HOME"};
  options.folder = "/";
  EXPECT_EQ(run({"sh", "-c", "echo $COLOUR ${HOME-none}; pwd"}, options).out, "blue none\n/\n");
  options.stdout_file = "/dev/full";
  EXPECT_NE(run({"sh", "-c", "echo hi"}, options).status, 0);
  ProcessOptions closed;
  closed.closed = {1};
  EXPECT_NE(run({"sh", "-c", "echo hi"}, closed).status, 0);
}

// ctest, shells and CI leave descriptors of theirs open in a test.
TEST(Process, GivesAProgramNoDescriptorsButItsThree) {
  const int inherited = ::dup(STDERR_FILENO);  // without FD_CLOEXEC
  ASSERT_GT(inherited, STDERR_FILENO);
  Child child({"sh", "-c", "echo ready; read line"});
  EXPECT_EQ(child.read_line(), "ready");
  EXPECT_EQ(descriptors_of(child.pid()), 3U);
  ::close(inherited);
}

TEST(Process, RunsOnATerminal) {
  ProcessOptions options;
  options.terminal = true;
  options.input = "secret\n";
  const ProcessResult result =
      run({"sh", "-c", "test -t 0 && test -t 2 && read x </dev/tty && echo got $x >&2"}, options);
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "secret\r\ngot secret\r\n");
}

TEST(Process, SaysWhatIsMissing) {
  EXPECT_THROW(run({"no-such-program"}), std::runtime_error);
  EXPECT_EQ(run({"sh", "-c", "no-such-program"}).status, 127);
  try {
    find_program("no-such-program", "some-package");
    ADD_FAILURE();
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "no program no-such-program: apt-get install some-package");
  }
}

TEST(Process, StopsChildrenAndTheirChildren) {
  Child child({"sh", "-c", "sleep 1000 & echo $!; wait"});
  const int grandchild = std::stoi(child.read_line());
  EXPECT_TRUE(child.running());
  EXPECT_EQ(child.stop().signal, SIGTERM);
  EXPECT_FALSE(child.running());
  EXPECT_TRUE(wait_until([&] {
    // Gone, or a zombie that its new parent has not collected yet.
    return ::kill(grandchild, 0) != 0 ||
           read_file("/proc/" + std::to_string(grandchild) + "/stat").find(") Z ") !=
               std::string::npos;
  }));
}

TEST(TempFolder, GoesWithAllThatIsInIt) {
  std::string path;
  {
    const TempFolder folder;
    path = folder.write("a/b/c", "text");
    EXPECT_EQ(read_file(path), "text");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

int connect_error(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  int error =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  pollfd ready{fd, POLLOUT, 0};
  if (error == EINPROGRESS && ::poll(&ready, 1, 0) == 1) {
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  ::close(fd);
  return error;
}

TEST(Ports, RefuseOrSwallowConnections) {
  const RefusingPort refusing;
  EXPECT_EQ(connect_error(refusing.port()), ECONNREFUSED);
  const BlackHole hole;
  EXPECT_EQ(connect_error(hole.port()), EINPROGRESS);
  EXPECT_EQ(connect_error(free_port()), ECONNREFUSED);
}

}  // namespace
}  // namespace proto::test
