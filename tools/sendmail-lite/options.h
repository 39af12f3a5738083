// What the command line and the configuration say.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/connection_options.h"
#include "common/passwords.h"

namespace proto::sendmail {

// How to reach one smart host.
struct RelayOptions {
  std::string host = "localhost";
  std::uint16_t port = 0;  // 0: the usual one
  std::string unix_socket;
  bool lmtp = false;
  std::string tls = "auto";
  std::string user;
  std::string auth = "auto";
  tools::PasswordSources passwords;
  tools::ConnectionFlags connection;
  std::string helo;
  double timeout = 600;    // seconds between two bytes that move (RFC 5321 §4.5.3.2.6)
  double deadline = 1800;  // seconds for one message, connecting included

  bool has_tls_options() const;
  bool has_login() const { return auth != "off" && (!user.empty() || auth != "auto"); }
};

// A second smart host, for what the first one does not take for hours.
struct FallbackOptions {
  std::string host;  // empty: there is none
  std::uint16_t port = 0;
  std::string tls = "auto";
  std::string user;
  double after_hours = 4;
};

enum class Mode { send, flush, list, status, check, smtp, newaliases, daemon };

struct Composition {
  std::vector<std::string> to, cc, bcc, attach, headers;
  std::string subject;
  std::optional<std::string> body;
  bool wanted = false;  // the command line said one of them
};

struct Options {
  Mode mode = Mode::send;
  RelayOptions relay;
  FallbackOptions fallback;
  Composition compose;

  std::vector<std::string> recipients;
  bool from_header = false;  // -t
  bool dot_ends = true;      // without -i
  std::optional<std::string> sender;
  std::string full_name, body_type, notify, ret, envid;
  std::string from, domain;
  std::string aliases_file;
  bool no_aliases = false;

  std::string queue_dir;  // empty: the user's own
  bool queue_dir_by_config = false;
  bool no_queue = false, queue_only = false, flush_all = false;
  bool dry_run = false, json = false, no_syslog = false;
  int verbose = 0;

  // Of the words: those that say how to reach the relay, files with their whole paths. They go into
  // the queue with the message.
  std::vector<std::string> relay_words;
  // Those that say how a message is prepared. They go into the queue with one that could not be.
  std::vector<std::string> preparation_words;
};

// The command line makes no sense: exit 64.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Parsed {
  Options options;
  std::vector<std::string> warnings;
  std::string config_error;          // the options are then the command line's alone
  std::optional<std::string> print;  // --help, --version: print this, and be done
};

// `words`: long options and operands (dialect.h).
Parsed parse_options(const std::vector<std::string>& words);
// Of sendmail's command line.
Parsed parse_command_line(std::string_view program, const std::vector<std::string>& arguments);

// ~/.config/sendmail-lite/config.toml, else /etc/sendmail-lite.toml; empty where neither is there.
std::string default_config_file();

}  // namespace proto::sendmail
