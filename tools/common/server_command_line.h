// The command line of the servers: what each of them has, and its own options.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/server_options.h"

namespace proto::tools {

// The option parser stays behind it: a server is compiled in no time.
class ServerCommandLine {
 public:
  // How --help shows an option.
  struct Style {
    const char* type;  // what it calls the value; null: by the value's type
    bool default_shown;
  };

  // `usage`: the usage line of --help. What the values below hold when they are added are the
  // defaults. They must live until parse() is over.
  ServerCommandLine(const char* name, const char* description, const char* usage);
  ~ServerCommandLine();

  // --host --port -4 -6 -v --version.
  void add_server_options(ServerFlags& flags);
  // --host alone, where there is more than one port. One that -4 or -6 contradicts is a usage
  // error.
  void add_host_option(ServerFlags& flags);
  // -4 -6 -v --version alone.
  void add_family_options(ServerFlags& flags);
  // --idle --drain, in seconds.
  void add_time_options(ServerFlags& flags);

  void add_flag(const char* names, bool& value, const char* help);
  // An option, or an operand where `name` has no dashes. T: std::string, std::size_t,
  // std::uint16_t.
  template <typename T>
  void add_value(const char* name, T& value, const char* help, Style style = {nullptr, false});
  // One that must be from `least` to `most`. T: int, std::size_t, double.
  template <typename T>
  void add_number(const char* name, T& value, T least, T most, const char* help,
                  Style style = {nullptr, false});

  // Another help text, for an option that is there already.
  void describe(const char* name, const char* help);

  // The exit status, where the program is over: --help, --version, a usage error.
  std::optional<int> parse(int argc, char** argv);
  // After parse().
  bool given(const char* name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace proto::tools
