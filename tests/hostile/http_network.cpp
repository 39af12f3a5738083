// Network and machine: what the system calls themselves may do to a GET.
#include <dlfcn.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <utility>

#include "proto/http.h"
#include "support/process.h"
#include "support/scripted_peer.h"

namespace {

// A look-up of "hangs.invalid" does not return while there is one of these.
class HangingLookUps {
 public:
  HangingLookUps() { set(true); }
  ~HangingLookUps() { set(false); }
  HangingLookUps(const HangingLookUps&) = delete;
  HangingLookUps& operator=(const HangingLookUps&) = delete;
  static void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [] { return !hanging_; });
  }

 private:
  static void set(bool hanging) {
    const std::lock_guard lock(mutex_);
    hanging_ = hanging;
    changed_.notify_all();
  }
  static inline std::mutex mutex_;
  static inline std::condition_variable changed_;
  static inline bool hanging_ = false;
};
thread_local bool one_byte_sends = false;
thread_local std::size_t cut_sends = 0;  // what one_byte_sends made shorter

template <typename F>
F* real(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// In the place of the C library's, for this whole program.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (host != nullptr && std::string_view(host) == "hangs.invalid") {
    HangingLookUps::wait();
    return EAI_NONAME;
  }
  static auto* const kReal = real<decltype(::getaddrinfo)>("getaddrinfo");
  return kReal(host, service, hints, result);
}

extern "C" ssize_t send(int fd, const void* bytes, std::size_t size, int flags) {
  static auto* const kReal = real<decltype(::send)>("send");
  if (!one_byte_sends || size <= 1) return kReal(fd, bytes, size, flags);
  ++cut_sends;
  return kReal(fd, bytes, 1, flags);
}

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const kReal = real<decltype(::sendmsg)>("sendmsg");
  if (!one_byte_sends || message->msg_iovlen == 0) return kReal(fd, message, flags);
  msghdr one = *message;
  while (one.msg_iovlen > 1 && one.msg_iov->iov_len == 0) ++one.msg_iov, --one.msg_iovlen;
  iovec byte{one.msg_iov->iov_base, std::min<std::size_t>(one.msg_iov->iov_len, 1)};
  one.msg_iov = &byte;
  one.msg_iovlen = 1;
  ++cut_sends;
  return kReal(fd, &one, flags);
}

namespace proto {
namespace {

using namespace test;

const std::string kHi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST(HostileHttpNetwork, Network4_ALookUpThatHangsEndsByTheDeadlineOrWhenCancelled) {
  const HangingLookUps hanging;
  HTTPConnection connection("hangs.invalid", 80);
  connection.set_deadline(Deadline::after(std::chrono::milliseconds(20)));
  try {
    connection.request("GET", "/");
    FAIL();
  } catch (const TimeoutError& e) {
    EXPECT_EQ(e.phase(), Phase::resolve) << e.what();
  }
  HTTPOptions options;
  options.connect.timeouts.connect = std::chrono::milliseconds(20);
  EXPECT_THROW(HTTPConnection("hangs.invalid", 80, options).request("GET", "/"), TimeoutError);
  HTTPConnection cancelled("hangs.invalid", 80);
  cancelled.cancel();
  EXPECT_THROW(cancelled.request("GET", "/"), CancelledError);
}

TEST(HostileHttpNetwork, Network10_AReplyBehindAHalfCloseIsDelivered) {
  ScriptedPeer peer({expect_until("\r\n\r\n"), send(kHi), half_close(), drain()});
  HTTPConnection connection(peer.host(), peer.port());
  connection.request("GET", "/");
  EXPECT_EQ(connection.getresponse().read(), "hi");
}

TEST(HostileHttpNetwork, Network13_SendsOfOneByteAreTheSameRequest) {
  const std::string body(3000, 'b');
  std::vector<std::string> received;
  for (const bool bytewise : {false, true}) {
    ScriptedPeer peer({expect_until(body), send(kHi), expect_until("0\r\n\r\n"), send(kHi)});
    HTTPConnection connection(peer.host(), peer.port());
    cut_sends = 0;
    one_byte_sends = bytewise;
    connection.request("POST", "/", body);
    EXPECT_EQ(connection.getresponse().read(), "hi");
    bool given = false;
    connection.request("PUT", "/", Body::from_source([&](std::span<char> into) -> std::size_t {
                         if (std::exchange(given, true)) return 0;
                         into[0] = 'x';
                         return 1;
                       }));
    EXPECT_EQ(connection.getresponse().read(), "hi");
    one_byte_sends = false;
    EXPECT_TRUE(bytewise ? cut_sends > body.size() : cut_sends == 0) << cut_sends;
    const std::string text = peer.received();
    received.push_back(text.substr(text.find("\r\nContent-Length")));  // behind the port
    received.back().erase(received.back().find("Host: "),
                          received.back().find("\r\nTransfer") - received.back().find("Host: "));
  }
  EXPECT_EQ(received[0], received[1]);
}

TEST(HostileHttpNetwork, Network14_NoDescriptorsLeftIsAnError) {
  ScriptedPeer peer({expect_until("\r\n\r\n"), send(kHi)});
  HTTPConnection connection(peer.host(), peer.port());
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int lowest = ::dup(0);
  ::close(lowest);
  const rlimit none{static_cast<rlim_t>(lowest), before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  int code = 0;
  try {
    connection.request("GET", "/");
  } catch (const NetworkError& e) {
    code = e.code();
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(code, EMFILE);
  connection.request("GET", "/");
  EXPECT_EQ(connection.getresponse().read(), "hi");
}

TEST(HostileHttpNetwork, Network14_TheToolSaysSoInOneLine) {
  // The socket gets the last one, and none is left for FILE.
  ScriptedPeer peer({expect_until("\r\n\r\n"), send(kHi)});
  const TempFolder folder;
  const auto result = run({"sh", "-c",
                           "ulimit -n 4; exec '" + our_program("httpget") + "' -o '" +
                               folder.file("out") + "' " + peer.address() + " /"});
  EXPECT_EQ(result.status, 23) << result.describe();
  EXPECT_NE(result.err.find("Too many open files"), std::string::npos) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

}  // namespace
}  // namespace proto
