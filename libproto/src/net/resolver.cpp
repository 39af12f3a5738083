#include "proto/resolver.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "base/characters.h"
#include "net/system.h"
#include "proto/error.h"

namespace proto {

namespace {

struct Answer {
  int code = 0;         // EAI_*
  int system_code = 0;  // errno, where code is EAI_SYSTEM
  std::vector<Address> addresses;
  std::string canonical_name;
};

Answer look_up(const std::string& host, std::uint16_t port, Family family, int flags) {
  addrinfo hints{};
  hints.ai_family = family == Family::ipv4   ? AF_INET
                    : family == Family::ipv6 ? AF_INET6
                                             : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  Answer answer;
  answer.code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  answer.system_code = answer.code == EAI_SYSTEM ? errno : 0;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(answer.code == 0 ? list : nullptr,
                                                                 freeaddrinfo);
  for (const addrinfo* a = owner.get(); a != nullptr; a = a->ai_next) {
    if (a->ai_canonname != nullptr) answer.canonical_name = a->ai_canonname;
    const Address address = Address::from_raw(a->ai_addr, a->ai_addrlen).with_port(port);
    if (std::find(answer.addresses.begin(), answer.addresses.end(), address) ==
        answer.addresses.end()) {
      answer.addresses.push_back(address);
    }
  }
  return answer;
}

// What a worker and its caller share. The worker owns a part of it, so that a caller may leave.
struct Lookup {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  Answer answer;
};

std::atomic<int> outstanding = 0;

// Runs the look-up on a worker and waits for it, the deadline or the canceller, whichever is first.
Answer look_up_within(const std::string& host, std::uint16_t port, Family family, Deadline deadline,
                      Canceller* canceller) {
  if (outstanding.fetch_add(1) >= kMaxOutstandingLookups) {
    --outstanding;
    throw ResolveError("cannot resolve " + host + ": too many look-ups are outstanding", host,
                       true);
  }
  auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, host, port, family] {
      Answer answer;
      try {
        answer = look_up(host, port, family, 0);
      } catch (const std::bad_alloc&) {
        answer.code = EAI_MEMORY;
      }
      const std::lock_guard lock(lookup->mutex);
      lookup->answer = std::move(answer);
      lookup->done = true;
      --outstanding;
      lookup->changed.notify_all();
    }).detach();
  } catch (const std::system_error&) {
    --outstanding;
    throw ResolveError("cannot resolve " + host + ": no thread for the look-up", host, true);
  }
  Canceller::Registration registration;
  if (canceller != nullptr) {
    registration = canceller->on_cancel([state = lookup.get()] {
      const std::lock_guard lock(state->mutex);
      state->changed.notify_all();
    });
  }
  std::unique_lock lock(lookup->mutex);
  const auto over = [&] {
    return lookup->done || (canceller != nullptr && canceller->cancelled());
  };
  if (deadline.is_never()) {
    lookup->changed.wait(lock, over);
  } else {
    lookup->changed.wait_until(lock, deadline.when(), over);
  }
  if (lookup->done) return std::move(lookup->answer);
  // The hook takes this mutex, and the registration's end waits for the hook.
  lock.unlock();
  if (canceller != nullptr && canceller->cancelled()) {
    throw CancelledError("cancelled: looking up " + host, ECANCELED, Phase::resolve, host);
  }
  throw TimeoutError("cannot resolve " + host + ": timed out", ETIMEDOUT, Phase::resolve, host);
}

// "localhost" and what is below it is this machine, by both families (RFC 6761 §6.3), though the
// system knows it by one only, or not at all.
void add_loopback(const std::string& host, std::uint16_t port, Family family, Answer& answer) {
  std::string_view name = host;
  if (name.ends_with('.')) name.remove_suffix(1);
  constexpr std::string_view kName = "localhost";
  if (name.size() < kName.size() ||
      !equals_ignoring_case(name.substr(name.size() - kName.size()), kName) ||
      (name.size() > kName.size() && name[name.size() - kName.size() - 1] != '.'))
    return;
  for (const Address& loopback : {Address("127.0.0.1", port), Address("::1", port)}) {
    const bool known =
        std::any_of(answer.addresses.begin(), answer.addresses.end(),
                    [&](const Address& a) { return a.family() == loopback.family(); });
    if (!known && (family == Family::unspecified || family == loopback.family()))
      answer.addresses.push_back(loopback);
  }
  answer.code = 0;
}

void check_host(std::string_view host) {
  const bool bad =
      std::any_of(host.begin(), host.end(), [](char c) { return is_control(c) || c == ' '; });
  if (host.empty() || bad || host.size() > 1024)
    throw std::invalid_argument("not a host name: " + quoted(host));
}

}  // namespace

std::vector<Address> resolve(std::string_view host, std::uint16_t port, Family family,
                             Deadline deadline, Canceller* canceller) {
  check_host(host);
  if (Address::is_literal(host)) {
    const Address literal(host, port);
    if (family != Family::unspecified && literal.family() != family) {
      throw ResolveError(
          "cannot resolve " + std::string(host) + ": not an address of the family asked for",
          std::string(host), false);
    }
    return {literal};
  }
  const std::string name(host);
  const bool bounded = !deadline.is_never() || canceller != nullptr;
  Answer answer = bounded ? look_up_within(name, port, family, deadline, canceller)
                          : look_up(name, port, family, 0);
  add_loopback(name, port, family, answer);
  if (answer.code != 0 || answer.addresses.empty()) {
    const std::string why = answer.code == EAI_SYSTEM ? error_text(answer.system_code)
                            : answer.code == 0        ? "it has no address"
                                                      : gai_strerror(answer.code);
    const bool temporary =
        answer.code == EAI_AGAIN || answer.code == EAI_MEMORY || answer.code == EAI_SYSTEM;
    throw ResolveError("cannot resolve " + name + ": " + why, name, temporary);
  }
  return std::move(answer.addresses);
}

std::string gethostbyname(std::string_view host) {
  return resolve(host, 0, Family::ipv4).front().host();
}

std::vector<std::string> gethostbyname_all(std::string_view host) {
  std::vector<std::string> out;
  for (const Address& address : resolve(host, 0)) out.push_back(address.host());
  return out;
}

std::string getfqdn(std::string_view host) {
  std::string name(host);
  if (name.empty()) {
    char own[256] = {};
    if (::gethostname(own, sizeof own - 1) != 0)
      throw_network("gethostname", errno, Phase::resolve);
    name = own;
  }
  check_host(name);
  const Answer answer = look_up(name, 0, Family::unspecified, AI_CANONNAME);
  if (answer.canonical_name.find('.') != std::string::npos) return answer.canonical_name;
  // The addresses may know the machine by a longer name.
  for (const Address& address : answer.addresses) {
    char full[NI_MAXHOST] = {};
    if (::getnameinfo(static_cast<const sockaddr*>(address.data()),
                      static_cast<socklen_t>(address.size()), full, sizeof full, nullptr, 0,
                      NI_NAMEREQD) == 0 &&
        std::strchr(full, '.') != nullptr) {
      return full;
    }
  }
  return name;
}

}  // namespace proto
