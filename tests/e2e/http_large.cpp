// Downloads of 1 GiB from an nginx that is killed again and again, and of a resource that becomes
// another one meanwhile.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "support/process.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

constexpr std::uint64_t kMiB = 1024 * 1024;

constexpr std::uint64_t kPiece = 8 * kMiB;

// While there is a file "slow", a response stalls behind its first 16 MiB: how far a client comes
// before the server is killed does not depend on how fast anybody is.
constexpr const char* kStalls =
    "limit_rate_after 16m; if (-f $document_root/slow) { set $limit_rate 1; }";

class HttpLarge : public testing::Test {
 protected:
  // Mostly holes, with a mark in each piece.
  void make_resource(std::uint64_t size, const std::string& word) {
    nginx.add_file("large", "");
    const int fd = ::open(source().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    for (std::uint64_t at = 0; at < size; at += kPiece) {
      const std::string mark = word + std::to_string(at);
      ASSERT_EQ(::pwrite(fd, mark.data(), mark.size(), mark_of(at)),
                static_cast<ssize_t>(mark.size()));
    }
    ASSERT_EQ(::ftruncate(fd, static_cast<off_t>(size)), 0);
    ::close(fd);
  }
  static off_t mark_of(std::uint64_t piece) { return static_cast<off_t>(piece + piece / 1000); }
  std::string source() const { return nginx.root() + "/large"; }
  void make_slow() const { nginx.add_file("slow", ""); }
  void make_fast() const { std::filesystem::remove(nginx.root() + "/slow"); }

  std::unique_ptr<Child> start(std::vector<std::string> more) const {
    std::vector<std::string> line{
        our_program("httpget"), "-o",  folder.file("out"), "--retry", "1000",
        "--retry-delay",        "0.05"};
    line.insert(line.end(), more.begin(), more.end());
    line.push_back("http://127.0.0.1:" + std::to_string(nginx.port()) + "/large");
    ProcessOptions options;
    options.bound = std::chrono::seconds(240);
    return std::make_unique<Child>(line, options);
  }

  // The file that is not finished; empty: none.
  std::string unfinished() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().filename().string().starts_with(".out.")) return entry.path();
    }
    return "";
  }
  // Marks in it.
  unsigned arrived(std::uint64_t size) const {
    const int fd = ::open(unfinished().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    unsigned marks = 0;
    for (std::uint64_t at = 0; at < size; at += kPiece) {
      char byte = 0;
      marks += ::pread(fd, &byte, 1, mark_of(at)) == 1 && byte != 0;
    }
    ::close(fd);
    return marks;
  }
  // Ten times while the client is at it, with new marks of each connection in between: a part of 16
  // MiB holds one at least, and after ten of them no part of the resource is whole yet.
  void expect_whole_after_ten_kills(unsigned connections) {
    constexpr std::uint64_t kSize = 1024 * kMiB;
    make_resource(kSize, "mark");
    make_slow();
    const auto client = start({"--segments", std::to_string(connections)});
    for (unsigned kills = 0, before = 0; kills < 10; ++kills) {
      ASSERT_TRUE(wait_until([&] { return arrived(kSize) >= before + connections; })) << kills;
      ASSERT_TRUE(client->running());
      before = arrived(kSize);
      nginx.kill();
      if (kills == 9) make_fast();
      nginx.start();
    }
    const auto result = client->wait();
    EXPECT_EQ(result.status, 0) << result.describe();
    expect_same();
  }
  void expect_same() const {
    EXPECT_EQ(run({"cmp", folder.file("out"), source()}).status, 0);
    EXPECT_EQ(unfinished(), "") << "no temporary file stays";
  }

  Nginx nginx{kStalls};
  const TempFolder folder;
};

TEST_F(HttpLarge, TenKillsOfTheServer) {
  expect_whole_after_ten_kills(1);
}

TEST_F(HttpLarge, TenKillsOfTheServerOfSegments) {
  expect_whole_after_ten_kills(4);
}

TEST_F(HttpLarge, AResourceThatBecomesAnotherIsFetchedAnew) {
  for (const char* segments : {"1", "4"}) {
    make_resource(256 * kMiB, "old");
    make_slow();
    const auto client = start({"--segments", segments});
    ASSERT_TRUE(wait_until([&] { return arrived(256 * kMiB) >= 1; }));
    nginx.kill();
    std::filesystem::remove(source());
    make_resource(256 * kMiB + 1, "new");
    make_fast();
    nginx.start();
    const auto result = client->wait();
    EXPECT_EQ(result.status, 0) << result.describe();
    expect_same();
  }
}

// A range may come over the connection of another that is over already.
TEST_F(HttpLarge, SegmentsComeOverSeveralConnections) {
  make_resource(64 * kMiB, "mark");
  const auto result = start({"--segments", "4", "-w", "%{size_download} %{num_connects}"})->wait();
  EXPECT_EQ(result.status, 0) << result.describe();
  const std::string size = std::to_string(64 * kMiB);
  EXPECT_TRUE(result.out == size + " 2" || result.out == size + " 3" || result.out == size + " 4")
      << result.out;
  expect_same();
  std::size_t partial = 0;
  for (const AccessLine& line : nginx.log(4)) partial += line.status == 206;
  EXPECT_EQ(partial, 3U);
}

}  // namespace
}  // namespace proto
