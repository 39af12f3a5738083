// The description of all options, and where their values go.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sendmail-lite/options.h"

namespace proto::sendmail {

// --help or --version.
struct Print {
  std::string text;
};

// What of the options chooses the mode, or the configuration.
struct Modes {
  bool flush = false, list = false, status = false, check = false, smtp = false;
  bool newaliases = false, daemon = false;
  std::string config;

  Mode chosen() const {
    if (daemon) return Mode::daemon;
    if (newaliases) return Mode::newaliases;
    if (list) return Mode::list;
    if (status) return Mode::status;
    if (check) return Mode::check;
    if (smtp) return Mode::smtp;
    return flush ? Mode::flush : Mode::send;
  }
};

class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;  // the app points into the rest
  CommandLine& operator=(const CommandLine&) = delete;

  bool knows(std::string_view name) const;
  bool takes_value(std::string_view name) const;
  void read_config(const std::string& file);
  // `words`: long options and operands. Throws CLI::Error, Print.
  const Options& parse(const std::vector<std::string>& words);
  // What --config said.
  const std::string& config() const noexcept { return modes_.config; }

 private:
  Options options_;
  Modes modes_;
  CLI::App app_;
};

}  // namespace proto::sendmail
