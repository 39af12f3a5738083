// sendmail-lite as a program under test: its own folders, no configuration of the tester's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/process.h"

namespace proto::test {

class SendmailLite {
 public:
  // With --host 127.0.0.1, this port, and a queue of its own.
  explicit SendmailLite(std::uint16_t port) : port_(port) {}

  void port(std::uint16_t port) { port_ = port; }
  const TempFolder& folder() const { return folder_; }
  std::string queue() const { return folder_.file("queue"); }

  std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> argv{
        our_program("sendmail-lite"), "--host=127.0.0.1", "--port=" + std::to_string(port_),
        "--queue-dir=" + queue(),     "--no-syslog",      "--timeout=20"};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }
  ProcessOptions options(const std::string& input) const {
    ProcessOptions options;
    options.input = input;
    options.env = {{"HOME", folder_.path()},
                   {"XDG_CONFIG_HOME", folder_.file("config")},
                   {"XDG_STATE_HOME", folder_.file("state")}};
    return options;
  }
  ProcessResult run(const std::vector<std::string>& more, const std::string& input = {}) const {
    return test::run(words(more), options(input));
  }
  // A script that stands for /usr/sbin/sendmail: runs the program so, with what else it is given.
  std::string as_sendmail() const {
    std::string script = "#!/bin/sh\nHOME='" + folder_.path() + "' exec";
    for (const auto& word : words({})) script += " '" + word + "'";
    const std::string path = folder_.write("sendmail", script + " \"$@\"\n");
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return path;
  }
  // --status --json
  std::string status() const { return run({"--status", "--json"}).out; }

 private:
  TempFolder folder_;
  std::uint16_t port_;
};

}  // namespace proto::test
