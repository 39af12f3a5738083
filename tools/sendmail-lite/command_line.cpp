#include "sendmail-lite/command_line.h"

#include "common/help.h"
#include "common/host_port.h"
#include "proto/mail_address.h"

namespace proto::sendmail {
namespace {

constexpr std::string_view kUsage = "Usage: sendmail-lite [OPTIONS] [RECIPIENT...] < MESSAGE";

// What would make every message impossible is the option's fault, not the message's.
std::string fault_of_sender(const std::string& text) {
  try {
    if (!text.empty()) envelope_address(MailAddress::parse(text).address());
    return {};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

// "HOST:PORT" and "[ADDRESS]:PORT"; a port that is named by itself comes first.
void split_port(std::string& host, std::uint16_t& port, const char* option) {
  if (host.empty()) return;
  try {
    const tools::HostPort both = tools::split_host_port(host);
    host = both.host;
    if (port == 0) port = both.port;
  } catch (const std::invalid_argument& e) {
    throw CLI::ValidationError(option, e.what());
  }
}

std::string fault_of_domain(const std::string& text) {
  return text.empty() ? text : fault_of_sender("x@" + text);
}

// Options stand in groups: CLI11 compares each one with all others of its group, which was a fifth
// of what a start of the program takes.
CLI::App& group_of(CLI::App& app, const char* name) {
  return *app.add_option_group(name);
}

CLI::Option* add_text(CLI::App& app, const char* name, std::string& into, const char* help,
                      const char* type = "TEXT") {
  return app.add_option(name, into, help)->type_name(type);
}

void add_sendmail_options(CLI::App& app, Options& o, Modes& modes) {
  app.add_option("recipients", o.recipients, "who gets the message")
      ->type_name("ADDRESS")
      ->configurable(false);
  CLI::App& group = group_of(app, "As sendmail's");
  const auto flag = [&](const char* name, bool& into, const char* help) {
    return group.add_flag(name, into, help);
  };
  // What the program is to do at all, no configuration says: mail would not be sent.
  const auto mode = [&](const char* name, bool& into, const char* help) {
    return flag(name, into, help)->configurable(false);
  };
  flag("--read-recipients", o.from_header, "-t: those of To, Cc and Bcc too");
  group.add_flag_callback(
      "--ignore-dots", [&o] { o.dot_ends = false; },
      "-i, -oi: a line with only a dot does not end the message");
  group.add_option_function<std::string>(
      "--envelope-from", [&o](const std::string& v) { o.sender = v; },
      "-f, -r ADDR: the envelope's sender; <> is the null sender");
  add_text(group, "--full-name", o.full_name, "-F NAME: for a From that is missing");
  add_text(group, "--body-type", o.body_type, "-B 7BIT or 8BITMIME");
  add_text(group, "--dsn-notify", o.notify, "-N never, or of success, failure, delay");
  add_text(group, "--dsn-return", o.ret, "-R full or hdrs");
  add_text(group, "--dsn-envid", o.envid, "-V ENVID");
  flag("--no-aliases", o.no_aliases, "-n: no aliases");
  flag("--queue-only", o.queue_only, "-odq: queue it, and send it by the next -q");
  mode("--flush-queue", modes.flush, "-q: send what is due in the queue");
  flag("--all", o.flush_all, "with -q: what is not due yet, too");
  mode("--list-queue", modes.list, "-bp, mailq: list the queue");
  mode("--smtp", modes.smtp, "-bs: take mail by SMTP on stdin");
  mode("--newaliases", modes.newaliases, "-bi, newaliases: nothing needs to be done");
  mode("--daemon", modes.daemon, "-bd: there is none")->group("");
}

void add_relay_options(CLI::App& app, RelayOptions& o) {
  CLI::App& group = group_of(app, "Smart host");
  add_text(group, "--host", o.host, "its name (localhost)", "HOST");
  group.add_option("--port", o.port, "25; 465 for implicit TLS; 24 for LMTP")
      ->check(CLI::Range(1, 65535));
  add_text(group, "--unix-socket", o.unix_socket, "connect there instead", "PATH");
  group.add_flag("--lmtp", o.lmtp, "speak LMTP");
  add_text(group, "--tls", o.tls, "auto: implicit on 465, else STARTTLS where it is offered")
      ->check(CLI::IsMember({"auto", "none", "starttls", "implicit"}));
  add_text(group, "--user", o.user, "log in as NAME", "NAME");
  add_text(group, "--auth", o.auth, "how to log in")
      ->check(CLI::IsMember({"auto", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256",
                             "xoauth2", "oauthbearer", "external", "off"}));
  tools::add_password_options(app, o.passwords);
  tools::add_connection_options(app, o.connection);
  add_text(group, "--helo", o.helo, "what we call ourselves", "NAME");
  const auto seconds = [&](const char* name, double& into, const char* help) {
    group.add_option(name, into, help)->type_name("SECONDS")->check(CLI::Range(0.001, 1e8));
  };
  seconds("--timeout", o.timeout, "between two bytes that move (600)");
  seconds("--deadline", o.deadline, "for one message, all in all (1800)");
}

void add_fallback_options(CLI::App& app, FallbackOptions& o) {
  CLI::App& group = group_of(app, "Second smart host");
  add_text(group, "--fallback-host", o.host, "tried where the first is out of reach, or says later",
           "HOST");
  group.add_option("--fallback-port", o.port)->check(CLI::Range(1, 65535));
  add_text(group, "--fallback-tls", o.tls, "as --tls")
      ->check(CLI::IsMember({"auto", "none", "starttls", "implicit"}));
  add_text(group, "--fallback-user", o.user, "as --user", "NAME");
  group.add_option("--fallback-after", o.after_hours, "once a message is so old (4)")
      ->type_name("HOURS")
      ->check(CLI::Range(0.0, 1e4));
}

void add_compose_options(CLI::App& app, Options& o) {
  CLI::App& group = group_of(app, "Compose a message");
  const auto list = [&](const char* name, std::vector<std::string>& into, const char* help,
                        const char* type) {
    group.add_option(name, into, help)->type_name(type)->expected(1)->take_all();
  };
  list("--to", o.compose.to, "to whom", "ADDRESS");
  list("--cc", o.compose.cc, "a copy", "ADDRESS");
  list("--bcc", o.compose.bcc, "a copy that the others do not see", "ADDRESS");
  add_text(group, "--from", o.from, "the one sender, in envelope and header", "ADDRESS")
      ->check(fault_of_sender);
  add_text(group, "--subject", o.compose.subject, "the subject");
  group.add_option_function<std::string>(
      "--body", [&o](const std::string& v) { o.compose.body = v; }, "the text (else: stdin)");
  list("--attach", o.compose.attach, "a file; FILE;type=text/csv says what it is", "FILE");
  list("--header", o.compose.headers, "'Name: value'", "FIELD");
}

void add_general_options(CLI::App& app, Options& o, Modes& modes) {
  app.set_version_flag("--version", "sendmail-lite " PROTO_VERSION);
  app.add_flag("-v,--verbose", o.verbose, "say what is done; twice: all that goes over the wire");
  add_text(app, "--config", modes.config, "read it instead of the usual ones", "FILE")
      ->configurable(false);
  add_text(app, "--aliases", o.aliases_file, "\"root: admin@example.org\" lines", "FILE");
  add_text(app, "--domain", o.domain, "put behind local names")->check(fault_of_domain);
  add_text(app, "--queue-dir", o.queue_dir, "where mail waits that cannot go now", "DIR");
  app.add_flag("--no-queue", o.no_queue, "exit 75 instead");
  app.add_flag("--dry-run", o.dry_run, "print envelope and message; connect nowhere");
  app.add_flag("--check", modes.check, "try look-up, TLS, login, MAIL and RCPT; send nothing");
  app.add_flag("--status", modes.status, "how many wait, since when, why");
  app.add_flag("--json", o.json, "with --status: for programs");
  app.add_flag("--no-syslog", o.no_syslog, "no line for each message in the system's log");
}

}  // namespace

CommandLine::CommandLine()
    : app_("Sends mail by a smart host; what cannot go now waits in a queue.") {
  // Of an option that is given twice the last one counts, but for lists.
  app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_general_options(app_, options_, modes_);
  add_sendmail_options(app_, options_, modes_);
  add_relay_options(app_, options_.relay);
  add_fallback_options(app_, options_.fallback);
  add_compose_options(app_, options_);
}

bool CommandLine::knows(std::string_view name) const {
  return app_.get_option_no_throw(std::string(name)) != nullptr;
}

bool CommandLine::takes_value(std::string_view name) const {
  const CLI::Option* const option = app_.get_option_no_throw(std::string(name));
  return option != nullptr && option->get_items_expected_max() > 0;
}

void CommandLine::read_config(const std::string& file) {
  app_.remove_option(app_.get_option("--config"));
  app_.set_config("--config", file, "", true);
  app_.allow_config_extras(CLI::config_extras_mode::error);
  app_.get_config_formatter_base()->parentSeparator('\0');  // "tlsv1.2" is one key
}

const Options& CommandLine::parse(const std::vector<std::string>& words) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app_.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    throw Print{tools::help_text(app_, kUsage)};
  } catch (const CLI::CallForVersion& e) {
    throw Print{e.what() + std::string("\n")};
  }
  split_port(options_.relay.host, options_.relay.port, "--host");
  split_port(options_.fallback.host, options_.fallback.port, "--fallback-host");
  options_.mode = modes_.chosen();
  return options_;
}

}  // namespace proto::sendmail
