// Downloads of 1 GiB from an nginx that is killed again and again, and of a resource that becomes
// another one meanwhile.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/process.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

constexpr std::uint64_t kMiB = 1024 * 1024;

class HttpLarge : public testing::Test {
 protected:
  // Mostly holes, with a mark in each piece of 8 MiB.
  void make_resource(std::uint64_t size, const std::string& word) {
    nginx.add_file("large", "");
    const int fd = ::open(source().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    for (std::uint64_t at = 0; at < size; at += 8 * kMiB) {
      const std::string mark = word + std::to_string(at);
      ASSERT_EQ(::pwrite(fd, mark.data(), mark.size(), static_cast<off_t>(at + at / 1000)),
                static_cast<ssize_t>(mark.size()));
    }
    ASSERT_EQ(::ftruncate(fd, static_cast<off_t>(size)), 0);
    ::close(fd);
  }
  std::string source() const { return nginx.root() + "/large"; }

  std::unique_ptr<Child> start(std::vector<std::string> more) const {
    std::vector<std::string> line{our_program("httpget"),
                                  "-o",
                                  folder.file("out"),
                                  "--limit-rate",
                                  "400M",
                                  "--retry",
                                  "1000",
                                  "--retry-delay",
                                  "0.05"};
    line.insert(line.end(), more.begin(), more.end());
    line.push_back("http://127.0.0.1:" + std::to_string(nginx.port()) + "/large");
    ProcessOptions options;
    options.bound = std::chrono::seconds(240);
    return std::make_unique<Child>(line, options);
  }

  // Bytes that the unfinished file takes on disk.
  std::uint64_t arrived() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      struct stat status {};
      if (entry.path().filename().string().starts_with(".out.") &&
          ::stat(entry.path().c_str(), &status) == 0)
        return static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    return 0;
  }
  // Kills the server each time that `step` more bytes have arrived; how often it did.
  int kill_server(int times, std::uint64_t step, Child& client) {
    int kills = 0;
    for (std::uint64_t next = step; kills < times; next = arrived() + step) {
      wait_until([&] { return arrived() >= next || !client.running(); });
      if (!client.running()) break;
      nginx.kill();
      ++kills;
      nginx.start();
    }
    return kills;
  }
  void expect_same() const {
    EXPECT_EQ(run({"cmp", folder.file("out"), source()}).status, 0);
    EXPECT_EQ(arrived(), 0U) << "no temporary file stays";
  }

  Nginx nginx;
  const TempFolder folder;
};

TEST_F(HttpLarge, TenKillsOfTheServer) {
  make_resource(1024 * kMiB, "mark");
  const auto client = start({});
  EXPECT_EQ(kill_server(10, 80 * kMiB, *client), 10);
  const auto result = client->wait();
  EXPECT_EQ(result.status, 0) << result.describe();
  expect_same();
}

TEST_F(HttpLarge, TenKillsOfTheServerOfSegments) {
  make_resource(1024 * kMiB, "mark");
  const auto client = start({"--segments", "4"});
  EXPECT_EQ(kill_server(10, 80 * kMiB, *client), 10);
  const auto result = client->wait();
  EXPECT_EQ(result.status, 0) << result.describe();
  expect_same();
}

TEST_F(HttpLarge, AResourceThatBecomesAnotherIsFetchedAnew) {
  for (const char* segments : {"1", "4"}) {
    make_resource(256 * kMiB, "old");
    const auto client = start({"--segments", segments});
    ASSERT_TRUE(wait_until([&] { return arrived() >= 32 * kMiB; }));
    nginx.kill();
    std::filesystem::remove(source());
    make_resource(256 * kMiB + 1, "new");
    nginx.start();
    const auto result = client->wait();
    EXPECT_EQ(result.status, 0) << result.describe();
    expect_same();
  }
}

TEST_F(HttpLarge, SegmentsComeOverAsManyConnections) {
  make_resource(64 * kMiB, "mark");
  const auto result = start({"--segments", "4", "-w", "%{size_download} %{num_connects}"})->wait();
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(result.out, std::to_string(64 * kMiB) + " 4");
  expect_same();
  std::size_t partial = 0;
  for (const AccessLine& line : nginx.log(4)) partial += line.status == 206;
  EXPECT_EQ(partial, 3U);
}

}  // namespace
}  // namespace proto
