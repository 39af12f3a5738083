// POP3 in, SMTP out: answers each new mail whose subject is "ping" with one whose subject is
// "pong".
//   mailping MAILHOST POP3-PORT SMTP-PORT USER PASSWORD-FILE OWN-ADDRESS STATE-FILE
// What was answered once is in STATE-FILE, by its UIDL; nothing is deleted. Without arguments it
// runs against two servers of its own, so that it is a test, too.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "proto/credentials.h"
#include "proto/message.h"
#include "proto/pop3.h"
#include "proto/server.h"
#include "proto/smtp.h"

namespace {

struct Settings {
  std::string host;
  std::uint16_t pop3_port, smtp_port;
  proto::Credentials login;
  std::string own_address;
  std::string state_file;
};

// Where an answer may go: never to the null sender, nor to what answers by itself (RFC 3834 §2).
std::string answer_to(const proto::ParsedMessage& ping) {
  const proto::HeaderBlock& header = ping.header();
  if (header.find("Auto-Submitted") != nullptr || header.find("List-Id") != nullptr) return {};
  if (header.text("Return-Path") == "<>") return {};
  const bool elsewhere = header.find("Reply-To") != nullptr;
  const auto list = elsewhere ? ping.reply_to() : ping.from();
  return list.addresses.empty() ? std::string() : list.addresses.front().address();
}

proto::Message pong(const proto::ParsedMessage& ping, const Settings& settings,
                    const std::string& to) {
  proto::Message answer;
  answer.from(settings.own_address).to(to).subject("pong");
  answer.set("Auto-Submitted", "auto-replied");
  if (!ping.message_id().empty()) answer.set("In-Reply-To", ping.message_id());
  answer.text("pong\n");
  return answer;
}

enum class Answer { sent, refused, later };

// One ping whose answer nobody takes must not keep the others from theirs.
Answer send(proto::SMTP& smtp, const proto::Message& answer) {
  try {
    smtp.send_message(answer);
    return Answer::sent;
  } catch (const proto::SMTPReplyError& e) {
    if (!smtp.is_open()) throw;
    std::fprintf(stderr, "%s\n", e.what());
    return e.for_now() ? Answer::later : Answer::refused;
  } catch (const proto::SMTPNotSupportedError& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return Answer::refused;
  }
}

// How many were answered.
int run(const Settings& settings) {
  std::set<std::string> seen;
  std::ifstream in(settings.state_file);
  for (std::string uid; std::getline(in, uid);) seen.insert(uid);
  std::ofstream state(settings.state_file, std::ios::app);

  proto::POP3 pop(settings.host, settings.pop3_port);
  pop.login(settings.login);
  proto::SMTP smtp(settings.host, settings.smtp_port);
  int answered = 0;
  for (const auto& message : pop.uidl()) {
    if (seen.contains(message.uid)) continue;
    std::string text;
    for (const std::string& line : pop.top(message.number, 0).lines) text += line + "\r\n";
    const proto::ParsedMessage ping(text);
    const std::string to = answer_to(ping);
    if (ping.subject() == "ping" && !to.empty()) {
      const Answer answer = send(smtp, pong(ping, settings, to));
      if (answer == Answer::later) continue;
      if (answer == Answer::sent) ++answered;
    }
    state << message.uid << std::endl;  // at once: what was answered is not answered again
  }
  smtp.quit();
  pop.quit();
  return answered;
}

// Three mails, two of them pings, of which one has a sender whom nobody knows.
void serve_pop3(proto::Connection& connection) {
  proto::Stream& stream = connection.stream;
  stream.write("+OK ready\r\n");
  for (std::string line; line != "QUIT";) {
    line = stream.read_line(1000);
    if (line == "UIDL") {
      stream.write("+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n");
    } else if (line.starts_with("TOP ")) {
      const std::string subject = line == "TOP 1 0" ? "hello" : "ping";
      const std::string from = line == "TOP 3 0" ? "ann@example.net" : "gone@example.net";
      stream.write("+OK\r\nFrom: =?utf-8?Q?mallory=40example=2Ecom=2C?= <" + from +
                   ">\r\nMessage-ID: <1@example.net>\r\nSubject: " + subject + "\r\n\r\n.\r\n");
    } else {
      stream.write(line == "CAPA" ? "-ERR\r\n" : "+OK\r\n");
    }
  }
}

// Keeps what comes.
void serve_smtp(proto::Connection& connection, std::string& mail) {
  proto::Stream& stream = connection.stream;
  stream.write("220 localhost\r\n");
  for (std::string line; line != "QUIT";) {
    line = stream.read_line(1000);
    if (line.starts_with("RCPT")) mail += line + "\n";
    if (line == "DATA") {
      stream.write("354 go\r\n");
      while (line != ".") mail += std::string(line = stream.read_line(1000)) + "\n";
    }
    stream.write(line == "QUIT"                   ? "221 bye\r\n"
                 : line.find("gone") != line.npos ? "550 5.1.1 nobody\r\n"
                                                  : "250 ok\r\n");
  }
}

int check() {
  std::string mail;
  proto::TCPServer pop3(proto::Address("127.0.0.1", 0), serve_pop3);
  proto::TCPServer smtp(proto::Address("127.0.0.1", 0),
                        [&](proto::Connection& connection) { serve_smtp(connection, mail); });
  const std::string state_file =
      std::filesystem::temp_directory_path() / ("mailping." + std::to_string(::getpid()));
  const Settings settings{"127.0.0.1",
                          pop3.server_address().port(),
                          smtp.server_address().port(),
                          {"joe", proto::Secret("secret"), {}},
                          "joe@example.org",
                          state_file};
  int answered[2] = {};
  for (int& count : answered) {
    std::jthread in([&] { pop3.handle_request(); });
    std::jthread out([&] { smtp.handle_request(); });
    count = run(settings);
  }
  std::remove(state_file.c_str());
  std::printf("%s%d answered, then %d\n", mail.c_str(), answered[0], answered[1]);
  const bool good = answered[0] == 1 && answered[1] == 0 &&
                    mail.find("RCPT TO:<ann@example.net>") != mail.npos &&
                    mail.find("In-Reply-To: <1@example.net>") != mail.npos &&
                    mail.find("Subject: pong") != mail.npos;
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) return check();
  if (argc != 8) {
    std::fputs(
        "usage: mailping MAILHOST POP3-PORT SMTP-PORT USER PASSWORD-FILE OWN-ADDRESS "
        "STATE-FILE\n",
        stderr);
    return 64;
  }
  std::ifstream file(argv[5]);
  std::string password;
  std::getline(file, password);
  const auto port = [&](int i) { return static_cast<std::uint16_t>(std::atoi(argv[i])); };
  try {
    std::printf(
        "%d answered\n",
        run({argv[1], port(2), port(3), {argv[4], proto::Secret(password), {}}, argv[6], argv[7]}));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "mailping: %s\n", e.what());
    return 75;
  }
  return 0;
}
