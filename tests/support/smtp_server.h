// An SMTP server that keeps the state of a transaction, as real ones do: a client that is out of
// step with it, which a script would never see, hears of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/characters.h"
#include "proto/server.h"

namespace proto::test {

class SMTPServer {
 public:
  // The reply to this line, without its CRLF, or empty: the usual one. DATA's end is the line ".".
  using Reply = std::function<std::string(const std::string& line)>;
  struct Mail {
    std::vector<std::string> to;  // as on their lines
    std::string text;             // without its stuffed dots
  };

  explicit SMTPServer(std::vector<std::string> keywords, Reply reply = {})
      : keywords_(std::move(keywords)),
        reply_(std::move(reply)),
        server_(Address("127.0.0.1", 0), [this](Connection& c) { serve(c.stream); }),
        thread_([this] { server_.handle_request(); }) {}

  std::uint16_t port() { return server_.server_address().port(); }
  // What it took from the one connection that it serves, once that has ended.
  const std::vector<Mail>& mails() {
    if (thread_.joinable()) thread_.join();
    return mails_;
  }
  // The verbs that came.
  const std::string& verbs() {
    mails();
    return verbs_;
  }

 private:
  void serve(Stream& stream) {
    stream.write("220 hi\r\n");
    for (std::string line; line != "QUIT";) {
      line = stream.read_line(1000);
      const std::string verb = upper(line.substr(0, 4));
      verbs_ += verb + " ";
      std::string usual = answer(stream, line, verb);
      stream.write(usual + "\r\n");
    }
  }

  std::string chosen(const std::string& line, const std::string& usual) const {
    std::string other = reply_ ? reply_(line) : "";
    return other.empty() ? usual : other;
  }

  std::string answer(Stream& stream, const std::string& line, const std::string& verb) {
    if (verb == "EHLO" || verb == "LHLO") {
      std::string reply = "250-mx";
      for (const std::string& keyword : keywords_) reply += "\r\n250-" + keyword;
      return reply + "\r\n250 HELP";
    }
    if (verb == "MAIL" && open_) return "503 5.5.1 nested MAIL";
    if (verb == "MAIL") {
      const std::string reply = chosen(line, "250 ok");
      if ((open_ = reply.starts_with("250"))) mail_ = {};
      return reply;
    }
    if (verb == "RCPT" && !open_) return "503 5.5.1 no MAIL";
    if (verb == "RCPT") {
      const std::string reply = chosen(line, "250 ok");
      if (reply.starts_with("250")) mail_.to.push_back(line.substr(8));
      return reply;
    }
    if (verb == "DATA") return take_data(stream, line);
    if (verb == "BDAT") return take_chunk(stream, line);
    if (verb == "RSET") open_ = false;
    return chosen(line, "250 ok");
  }

  std::string take_data(Stream& stream, const std::string& line) {
    if (!open_ || mail_.to.empty()) return "503 5.5.1 nobody to send it to";
    const std::string reply = chosen(line, "354 go");
    if (!reply.starts_with("354")) return reply;
    stream.write(reply + "\r\n");
    for (std::string text; (text = stream.read_line(10'000)) != ".";) {
      mail_.text.append(text.starts_with('.') ? text.substr(1) : text).append("\r\n");
    }
    return end_message(".");
  }

  std::string take_chunk(Stream& stream, const std::string& line) {
    std::string chunk(std::stoul(line.substr(5)), '\0');
    stream.read_exactly(chunk);
    if (!open_ || mail_.to.empty()) return "503 5.5.1 nobody to send it to";
    mail_.text += chunk;
    return line.ends_with(" LAST") ? end_message(line) : chosen(line, "250 ok");
  }

  std::string end_message(const std::string& line) {
    const std::string reply = chosen(line, "250 taken");
    if (reply.starts_with("250")) mails_.push_back(mail_);
    open_ = false;
    return reply;
  }

  std::vector<std::string> keywords_;
  Reply reply_;
  bool open_ = false;
  Mail mail_;
  std::vector<Mail> mails_;
  std::string verbs_;
  TCPServer server_;
  std::jthread thread_;
};

}  // namespace proto::test
