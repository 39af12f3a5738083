#include "reference/chatserver/chat_server.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include "base/characters.h"
#include "common/descriptor_limit.h"
#include "proto/error.h"

namespace proto {

using namespace std::chrono_literals;

namespace {

// Bytes, as they are sent on: what one client gets said in a turn, and all of them together.
constexpr std::size_t kClientShare = 16 * 1024;
constexpr std::size_t kTurnShare = 64 * 1024;
constexpr std::size_t kReceiveBytes = 16 * 1024;
// Clients who join in one turn: those who are there hear of all of them at once.
constexpr int kJoinsPerTurn = 256;
// How much of the last turn's sending time the next one may wait for more to send.
constexpr int kGatherPart = 16;
// After running out of descriptors.
constexpr auto kAcceptPause = 50ms;
// Kept for the transcript, the selector and what the program has open besides.
constexpr std::size_t kOtherDescriptors = 32;

std::size_t helpers_for(const ChatOptions& options) {
  const std::size_t cores = std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
  return (options.threads == 0 ? cores : options.threads) - 1;
}

Socket listening(const Address& address) {
  Socket socket(address.family());
  if (address.family() != Family::local) {
    socket.setsockopt(so::reuseaddr, true);
    // Connections inherit these. Nagle would wait for a delayed ACK; the others find dead peers.
    socket.setsockopt(so::nodelay, true);
    socket.setsockopt(so::keepalive, true);
    socket.setsockopt(so::keepidle, 60);
    socket.setsockopt(so::keepintvl, 15);
    socket.setsockopt(so::keepcnt, 4);
    socket.setsockopt(so::user_timeout, 120'000);
  }
  socket.bind(address);
  socket.listen(4096);
  socket.settimeout(0ms);
  return socket;
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void refuse(Socket& socket) {
  try {
    socket.send("The chatserver is full\r\n", MessageFlags::dontwait);
  } catch (const NetworkError&) {
    // It has gone by itself.
  }
}

// What is still unread must not turn our close into a reset, which would take back what we sent.
void close_softly(Socket& socket) {
  try {
    socket.shutdown(Socket::How::write);
    while (!socket.recv(kReceiveBytes, MessageFlags::dontwait).empty()) continue;
  } catch (const NetworkError&) {
    // Nothing more is here.
  }
  socket.close();
}

}  // namespace

struct ChatServer::Client {
  Socket socket;
  std::string name;   // "127.0.0.1:4711"
  std::string input;  // received, and not said yet
  Output output;
  Clock::time_point heard, line_began;
  bool has_line = false;   // input holds a whole line: said before more is received
  bool is_ready = false;   // in ready_
  bool is_full = false;    // its socket takes no more for now
  bool is_failed = false;  // nothing can be sent
  bool is_leaving = false;
};

ChatServer::ChatServer(std::uint16_t port)
    : ChatServer(ChatOptions{.address = Address::loopback(Family::ipv4, port)}) {}

ChatServer::ChatServer(ChatOptions options)
    : options_(std::move(options)),
      listener_(listening(options_.address)),
      address_(listener_.getsockname()),
      transcript_(options_.transcript, selector_),
      team_(helpers_for(options_)),
      greeting_(
          std::make_shared<const std::string>("You're connected to the libproto chatserver\r\n")),
      buffer_(kReceiveBytes) {
  const std::size_t descriptors = tools::raise_descriptor_limit();
  if (options_.max_clients == 0) {
    options_.max_clients = descriptors - std::min(descriptors - 1, kOtherDescriptors);
  }
}

ChatServer::~ChatServer() = default;

void ChatServer::stop() noexcept {
  stopping_.store(true);
  selector_.wake_up();
}

void ChatServer::stop_on(std::initializer_list<int> signals) {
  for (const int number : signals) {
    selector_.on_signal(number, [this, number] {
      selector_.on_signal(number, {});
      stop();
    });
  }
}

void ChatServer::run() {
  transcript_.add("ChatServer started on port " +
                  (address_.port() != 0 ? std::to_string(address_.port()) : address_.to_string()));
  transcript_.flush();
  selector_.add(listener_, {.read = true}, [this](Readiness) { accept_some(); });
  sweep();
  while (!stopping_.load()) turn();
  turn();  // what had arrived by then is still said
  drain();
}

void ChatServer::turn() {
  if (ready_.empty() && !stopping_.load()) {
    selector_.run_once();
  } else {
    selector_.run_once(0ms);
  }
  now_ = Clock::now();
  receive_some();
  if (!turn_.empty()) gather();
  const auto begun = Clock::now();
  flush();
  flush_time_ = Clock::now() - begun;
  transcript_.flush();
}

// A turn costs a send for each client, however much is said in it. So it pays to wait for more, for
// a small part of the time that the sends take.
void ChatServer::gather() {
  const auto until = now_ + flush_time_ / kGatherPart;
  while (turn_.size() < kTurnShare && Clock::now() < until) {
    std::this_thread::yield();
    selector_.run_once(0ms);
    receive_some();
  }
}

void ChatServer::accept_some() {
  try {
    for (int i = 0; i < kJoinsPerTurn; ++i) {
      auto [socket, peer] = listener_.accept();
      if (clients_.size() < options_.max_clients) {
        join(std::move(socket), peer);
      } else {
        refuse(socket);
      }
    }
  } catch (const TimeoutError&) {
    // That was all of them.
  } catch (const NetworkError&) {
    // Out of descriptors or memory, and the connection stays in the queue: come back to it later.
    selector_.modify(listener_, {});
    selector_.after(kAcceptPause, [this] {
      if (listener_.is_open()) selector_.modify(listener_, {.read = true});
    });
  }
}

void ChatServer::join(Socket socket, const Address& peer) {
  auto client = std::make_unique<Client>();
  client->socket = std::move(socket);
  client->name = peer.to_string();
  client->heard = Clock::now();
  client->output.add(greeting_);
  client->output.exclude(0, turn_.size());  // what was said before it came
  Client* const c = client.get();
  clients_.push_back(std::move(client));
  try {
    selector_.add(c->socket, {.read = true}, [this, c](Readiness ready) {
      if (ready.write) send_pending(*c);
      if (!ready.read || c->is_ready || c->is_leaving) return;
      c->is_ready = true;
      ready_.push_back(c);
    });
  } catch (...) {
    clients_.pop_back();
    throw;
  }
  tell_others(*c, "Client joined " + c->name);
}

// Those who find no room in this turn are the first in the next.
void ChatServer::receive_some() {
  for (std::size_t i = ready_.size(); i > 0 && turn_.size() < kTurnShare; --i) {
    Client& client = *ready_.front();
    ready_.pop_front();
    client.is_ready = false;
    if (!client.is_leaving) receive(client);
  }
}

void ChatServer::receive(Client& client) {
  std::string_view data = client.input;
  std::size_t scanned = 0;
  if (!client.has_line) {
    std::size_t size = 0;
    try {
      size = client.socket.recv_into(std::span(buffer_), MessageFlags::dontwait);
    } catch (const NetworkError& error) {
      if (error.code() != EAGAIN) leave(client, false);
      return;
    }
    if (size == 0) {
      leave(client, true);
      return;
    }
    client.heard = now_;
    data = std::string_view(buffer_.data(), size);
    if (!client.input.empty()) {
      scanned = client.input.size();
      data = client.input.append(data);
    }
  }

  const std::size_t used = take_lines(client, data, scanned);
  if (client.is_leaving) return;
  if (used > 0 || scanned == 0) client.line_began = now_;
  if (data.data() == client.input.data()) {
    client.input.erase(0, used);
  } else {
    client.input.assign(data.substr(used));
  }
  if (client.input.empty()) client.input.shrink_to_fit();
  if (!client.has_line) return;
  client.is_ready = true;
  ready_.push_back(&client);
}

// Says the whole lines in `data`, no more than the client's share; how much of `data` that was.
// `data` has no line end before `scanned`.
std::size_t ChatServer::take_lines(Client& client, std::string_view data, std::size_t scanned) {
  const std::size_t share_end = turn_.size() + kClientShare;
  std::size_t used = 0;
  for (;;) {
    const std::size_t end = data.find('\n', std::max(used, scanned));
    client.has_line = end != std::string_view::npos;
    if ((client.has_line ? end : data.size()) - used > options_.max_line) {
      leave(client, false);
      return used;
    }
    if (!client.has_line || turn_.size() >= share_end) return used;
    std::string_view line = data.substr(used, end - used);
    if (line.ends_with('\r')) line.remove_suffix(1);
    say(client, line);
    used = end + 1;
  }
}

// Control characters are escaped for the clients as for the transcript: on a terminal a bare CR
// would overwrite the speaker's name with another's.
void ChatServer::say(Client& client, std::string_view line) {
  const std::size_t begin = turn_.size();
  turn_ += '[';
  turn_ += client.name;
  turn_ += "] ";
  if (is_plain(line)) {
    turn_ += line;
  } else {
    turn_ += escaped(line);
  }
  transcript_.add(std::string_view(turn_).substr(begin));
  turn_ += "\r\n";
  client.output.exclude(begin, turn_.size());
}

void ChatServer::tell_others(Client& about, std::string_view text) {
  const std::size_t begin = turn_.size();
  turn_ += text;
  turn_ += "\r\n";
  about.output.exclude(begin, turn_.size());
  transcript_.add(text);
}

void ChatServer::send_pending(Client& client) {
  try {
    client.is_full = !client.output.send(client.socket);
  } catch (const NetworkError&) {
    leave(client, false);
    return;
  }
  client.heard = now_;
  if (!client.is_full) selector_.modify(client.socket, {.read = listener_.is_open()});
}

// It is there until the turn ends; `with_rest`: it still gets what was said before.
void ChatServer::leave(Client& client, bool with_rest) {
  if (client.is_leaving) return;
  client.is_leaving = true;
  client.is_failed = !with_rest;
  selector_.remove(client.socket);
  tell_others(client, "Client left " + client.name);
}

// As long as there is something to say: those who turn out to be gone, or too slow, are news again.
void ChatServer::flush() {
  while (!turn_.empty()) {
    const auto turn = std::make_shared<const std::string>(std::exchange(turn_, {}));
    team_.for_each(clients_.size(), [&](std::size_t i) { deliver(*clients_[i], turn); });
    for (std::size_t i = clients_.size(); i-- > 0;) settle(i);
  }
}

// On any thread, for this client alone.
void ChatServer::deliver(Client& client, const SharedText& turn) {
  if (client.is_failed) return;
  try {
    client.output.add_turn(turn);
    if (client.is_full) return;
    client.output.send(client.socket);
    client.heard = now_;
  } catch (const std::exception&) {
    client.is_failed = true;
  }
}

void ChatServer::settle(std::size_t index) {
  Client& client = *clients_[index];
  if (client.is_leaving) {
    if (client.is_ready) std::erase(ready_, &client);
    std::swap(clients_[index], clients_.back());
    clients_.pop_back();
    return;
  }
  if (client.is_failed || client.output.pending() > options_.max_output) {
    leave(client, false);
  } else if (client.output.pending() > 0 && !client.is_full) {
    client.is_full = true;
    selector_.modify(client.socket, {.read = true, .write = true});
  }
}

// Looks for those whose time is up. Now and then is enough, and needs no timer for each.
void ChatServer::sweep() {
  now_ = Clock::now();
  for (const auto& client : clients_) {
    const bool late = !client->input.empty() && !client->has_line &&
                      now_ - client->line_began > options_.line_time;
    const bool idle = options_.idle_time > 0ms && now_ - client->heard > options_.idle_time;
    if (late || idle) leave(*client, false);
  }
  auto pause = std::min<Clock::duration>(1s, options_.line_time / 4);
  if (options_.idle_time > 0ms) pause = std::min<Clock::duration>(pause, options_.idle_time / 4);
  selector_.after(std::max<Clock::duration>(pause, 1ms), [this] { sweep(); });
}

void ChatServer::drain() {
  selector_.remove(listener_);
  listener_.close();
  const Deadline deadline = Deadline::after(options_.drain);
  const auto waiting = [](const auto& client) {
    return !client->is_leaving && client->output.pending() > 0;
  };
  for (const auto& client : clients_) {
    selector_.modify(client->socket, {.write = waiting(client)});
  }
  while ((std::any_of(clients_.begin(), clients_.end(), waiting) || transcript_.is_waiting()) &&
         !deadline.expired()) {
    selector_.run_once(std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()));
  }
  for (const auto& client : clients_) close_softly(client->socket);
  clients_.clear();
}

}  // namespace proto
