#include "proto/pop3.h"

#include "base/characters.h"
#include "protocol/pop3_state.h"

namespace proto {

bool POP3Error::temporary() const noexcept {
  return enhanced() == "IN-USE" || enhanced() == "LOGIN-DELAY" || enhanced() == "SYS/TEMP";
}

POP3::POP3(const std::string& host, std::uint16_t port, POP3Options options) {
  if (port == 0) port = options.tls == TLSMode::implicit ? 995 : 110;
  const Deadline deadline = Deadline::after(options.connect.timeouts.total);
  Stream stream = Stream::connect(host, port, options.connect, options.tls, deadline);
  state_ = std::make_unique<State>(std::move(stream), host, std::move(options));
  state_->port = port;
  state_->greet();
  if (state_->options.tls == TLSMode::starttls) stls();
}

POP3::POP3(Stream stream, const std::string& host, POP3Options options)
    : state_(std::make_unique<State>(std::move(stream), host, std::move(options))) {
  state_->stream.set_deadline(Deadline::after(state_->options.connect.timeouts.total));
  state_->greet();
  if (state_->options.tls == TLSMode::starttls) stls();
}

POP3::POP3(POP3&&) noexcept = default;
POP3& POP3::operator=(POP3&&) noexcept = default;
POP3::~POP3() = default;

void POP3::State::greet() {
  const auto line = stream.read_line(options.limits.status_line);
  trace_received(options.connect.trace, line);
  const auto status = parse_pop3_status(line, "greeting");
  if (!status.ok) {
    const auto error = error_for("greeting", status);
    throw POP3GreetingError(error.what(), error.enhanced(), error.text());
  }
  welcome = status.text;
}

void POP3::State::begin(std::string_view verb) {
  if (!stream.is_open())
    throw std::logic_error("POP3 " + std::string(verb) + ": the connection is closed");
  stream.set_deadline(earlier(deadline, Deadline::after(options.connect.timeouts.total)));
}

void POP3::State::begin(std::string_view verb, Step wanted) {
  begin(verb);
  if (step == wanted) return;
  throw std::logic_error("POP3 " + std::string(verb) +
                         (wanted == Step::transaction  ? ": not before login"
                          : step == Step::transaction  ? ": not after login"
                          : wanted == Step::name_given ? ": not before USER"
                                                       : ": not between USER and PASS"));
}

POP3Status POP3::State::read_status(std::string_view verb) {
  return parse_pop3_status(pipeline.read_line(options.limits.status_line), verb);
}

POP3Error POP3::State::error_for(std::string_view command, const POP3Status& status) const {
  const std::string words = pipeline.redacted(status.text);
  return {"POP3 " + std::string(command) + ": " + stream.peer() +
              " refused: " + (words.empty() ? "-ERR" : escaped(words)),
          upper(status.code), words};
}

void POP3::State::refuse(std::string_view command, const POP3Status& status,
                         POP3Refusal refusal) const {
  const POP3Error e = error_for(command, status);
  const auto& code = e.enhanced();
  if (refusal == POP3Refusal::message) throw POP3MessageError(e.what(), code, e.text());
  if (refusal == POP3Refusal::login) {
    if (code == "IN-USE") throw POP3InUseError(e.what(), code, e.text());
    if (code == "LOGIN-DELAY") throw POP3LoginDelayError(e.what(), code, e.text());
    if (!code.starts_with("SYS/")) throw POP3AuthenticationError(e.what(), code, e.text());
  }
  throw e;
}

std::string POP3::State::start_text(std::string_view command, POP3Refusal refusal) {
  pipeline.push(command);
  const auto status = read_status(command);
  if (!status.ok) {
    pipeline.pop();
    refuse(command, status, refusal);
  }
  return std::string(status.text);
}

std::string POP3::State::simple(std::string_view command, POP3Refusal refusal) {
  std::string text = start_text(command, refusal);
  pipeline.pop();
  return text;
}

void POP3::set_deadline(Deadline deadline) noexcept {
  state_->deadline = deadline;
}
const std::string& POP3::getwelcome() const noexcept {
  return state_->welcome;
}
bool POP3::is_secure() const noexcept {
  return state_->stream.tls() != nullptr;
}
bool POP3::is_open() const noexcept {
  return state_->stream.is_open();
}
Stream& POP3::stream() noexcept {
  return state_->stream;
}
void POP3::close() noexcept {
  state_->stream.close();
}

void POP3::stls() {
  State& s = *state_;
  s.begin("STLS", State::Step::authorization);
  if (is_secure()) throw std::logic_error("POP3 STLS: the connection has TLS already");
  s.run([&] {
    s.pipeline.push("STLS");
    const auto status = s.read_status("STLS");
    if (!status.ok) {
      throw TLSError("POP3 STLS: " + s.stream.peer() +
                     " does not offer TLS: " + escaped(status.text));
    }
    s.pipeline.pop();
    const auto& connect = s.options.connect;
    s.stream.start_tls(connect.tls, s.host, s.port);
    // What was said in clear, anybody may have said (RFC 2595 §4).
    s.capabilities.reset();
    s.pipeline.set_pipelining(false);
  });
}

const POP3Capabilities& POP3::capa() {
  State& s = *state_;
  s.begin("CAPA");
  s.run([&] {
    s.capabilities.emplace();
    try {
      s.start_text("CAPA");
    } catch (const POP3Error&) {
      return;  // a server from before 1998
    }
    s.read_lines(s.options.limits.capabilities, [&](std::string_view line) {
      auto [name, arguments] = parse_pop3_capability(line);
      s.capabilities->insert_or_assign(std::move(name), std::move(arguments));
    });
    s.pipeline.pop();
  });
  s.pipeline.set_pipelining(s.capabilities->contains("PIPELINING"));
  return *s.capabilities;
}

bool POP3::has_capability(std::string_view name) {
  if (!state_->capabilities) capa();
  return state_->capabilities->contains(upper(name));
}

std::string POP3::rset() {
  State& s = *state_;
  s.begin("RSET", State::Step::transaction);
  return s.run([&] {
    std::string text = s.simple("RSET");
    s.deletes = false;
    return text;
  });
}

std::string POP3::noop() {
  state_->begin("NOOP", State::Step::transaction);
  return state_->run([&] { return state_->simple("NOOP"); });
}

std::string POP3::utf8() {
  state_->begin("UTF8", State::Step::authorization);
  return state_->run([&] { return state_->simple("UTF8"); });
}

std::vector<std::pair<std::string, std::string>> POP3::lang() {
  State& s = *state_;
  s.begin("LANG");
  return s.run([&] {
    std::vector<std::pair<std::string, std::string>> languages;
    s.start_text("LANG");
    s.read_lines(s.options.limits.capabilities, [&](std::string_view line) {
      const auto space = std::min(line.find(' '), line.size());
      languages.emplace_back(line.substr(0, space), trim(line.substr(space)));
    });
    s.pipeline.pop();
    return languages;
  });
}

std::string POP3::lang(std::string_view tag) {
  state_->begin("LANG");
  return state_->run([&] { return state_->simple("LANG " + std::string(tag)); });
}

std::string POP3::quit() {
  State& s = *state_;
  if (!s.stream.is_open()) return {};
  s.begin("QUIT");
  std::string text;
  std::string trouble;
  try {
    s.pipeline.push("QUIT");
    const auto status = s.read_status("QUIT");
    text = status.text;
    if (!status.ok) trouble = s.error_for("QUIT", status).what();
    s.pipeline.pop();
  } catch (const Error& e) {
    s.stream.close();
    if (!s.deletes && dynamic_cast<const NetworkError*>(&e) == nullptr) throw;
    trouble = e.what();
  }
  s.stream.close();
  if (s.deletes && !trouble.empty())
    throw POP3UncertainError("POP3 QUIT: whether the messages are deleted is not known: " +
                             trouble);
  return text;
}

}  // namespace proto
