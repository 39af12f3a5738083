#include "sendmail-lite/options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <span>

#include "base/characters.h"
#include "common/help.h"
#include "proto/mail_address.h"
#include "sendmail-lite/dialect.h"

namespace proto::sendmail {
namespace {

// What of a command line stays with a message in the queue.
constexpr std::array<std::string_view, 21> kRelayWords{
    "--host",          "--port",           "--lmtp",
    "--tls",           "--user",           "--auth",
    "--helo",          "--timeout",        "--deadline",
    "--insecure",      "--ipv4",           "--ipv6",
    "--tlsv1.2",       "--tlsv1.3",        "--pinnedpubkey",
    "--fallback-host", "--fallback-port",  "--fallback-tls",
    "--fallback-user", "--fallback-after", "--password-command"};
// The same, with a file as the value: that gets its whole path.
constexpr std::array<std::string_view, 8> kRelayFiles{
    "--config", "--unix-socket", "--cacert",        "--capath",
    "--cert",   "--key",         "--password-file", "--netrc-file"};

// What it stays with only where the message could not be prepared.
constexpr std::array<std::string_view, 8> kPreparationWords{
    "--from",       "--full-name",  "--domain",    "--no-aliases",
    "--dsn-notify", "--dsn-return", "--dsn-envid", "--body-type"};
constexpr std::array<std::string_view, 1> kPreparationFiles{"--aliases"};

constexpr std::array<std::string_view, 7> kComposeWords{
    "--to", "--cc", "--bcc", "--subject", "--body", "--attach", "--header"};

constexpr std::string_view kUsage = "sendmail-lite [OPTIONS] [RECIPIENT...] < MESSAGE";

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

// --help or --version.
struct Print {
  std::string text;
};

// What would make every message impossible is the option's fault, not the message's.
std::string fault_of_sender(const std::string& text) {
  try {
    if (!text.empty()) envelope_address(MailAddress::parse(text).address());
    return {};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

std::string fault_of_domain(const std::string& text) {
  return text.empty() ? text : fault_of_sender("x@" + text);
}

CLI::Option* add_text(CLI::App& app, const char* name, std::string& into, const char* help,
                      const char* type = "TEXT") {
  return app.add_option(name, into, help)->type_name(type)->take_last();
}

void add_sendmail_options(CLI::App& app, Options& o, Modes& modes) {
  app.add_option("recipients", o.recipients, "who gets the message")
      ->type_name("ADDRESS")
      ->configurable(false);
  const auto flag = [&](const char* name, bool& into, const char* help) {
    return app.add_flag(name, into, help)->group("As sendmail's")->configurable(false);
  };
  flag("--read-recipients", o.from_header, "-t: those of To, Cc and Bcc too");
  app.add_flag_callback(
         "--ignore-dots", [&o] { o.dot_ends = false; },
         "-i, -oi: a line with only a dot does not end the message")
      ->group("As sendmail's");
  app.add_option_function<std::string>(
         "--envelope-from", [&o](const std::string& v) { o.sender = v; },
         "-f, -r ADDR: the envelope's sender; <> is the null sender")
      ->group("As sendmail's")
      ->take_last();
  add_text(app, "--full-name", o.full_name, "-F NAME: for a From that is missing");
  add_text(app, "--body-type", o.body_type, "-B 7BIT or 8BITMIME");
  add_text(app, "--dsn-notify", o.notify, "-N never, or of success, failure, delay");
  add_text(app, "--dsn-return", o.ret, "-R full or hdrs");
  add_text(app, "--dsn-envid", o.envid, "-V ENVID");
  flag("--no-aliases", o.no_aliases, "-n: no aliases");
  flag("--queue-only", o.queue_only, "-odq: queue it, and send it by the next -q");
  flag("--flush-queue", modes.flush, "-q: send what is due in the queue");
  flag("--all", o.flush_all, "with -q: what is not due yet, too");
  flag("--list-queue", modes.list, "-bp, mailq: list the queue");
  flag("--smtp", modes.smtp, "-bs: take mail by SMTP on stdin");
  flag("--newaliases", modes.newaliases, "-bi, newaliases: nothing needs to be done");
  flag("--daemon", modes.daemon, "-bd: there is none")->group("");
}

void add_relay_options(CLI::App& app, RelayOptions& o) {
  const std::string group = "Smart host";
  add_text(app, "--host", o.host, "its name (localhost)", "HOST")->group(group);
  app.add_option("--port", o.port, "25; 465 for implicit TLS; 24 for LMTP")
      ->group(group)
      ->take_last()
      ->check(CLI::Range(1, 65535));
  add_text(app, "--unix-socket", o.unix_socket, "connect there instead", "PATH")->group(group);
  app.add_flag("--lmtp", o.lmtp, "speak LMTP")->group(group);
  add_text(app, "--tls", o.tls, "auto: implicit on 465, else STARTTLS where it is offered")
      ->group(group)
      ->check(CLI::IsMember({"auto", "none", "starttls", "implicit"}));
  add_text(app, "--user", o.user, "log in as NAME", "NAME")->group(group);
  add_text(app, "--auth", o.auth, "how to log in")
      ->group(group)
      ->check(CLI::IsMember({"auto", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256",
                             "xoauth2", "oauthbearer", "external", "off"}));
  tools::add_password_options(app, o.passwords);
  tools::add_connection_options(app, o.connection);
  add_text(app, "--helo", o.helo, "what we call ourselves", "NAME")->group(group);
  const auto seconds = [&](const char* name, double& into, const char* help) {
    app.add_option(name, into, help)
        ->group(group)
        ->type_name("SECONDS")
        ->take_last()
        ->check(CLI::Range(0.001, 1e8));
  };
  seconds("--timeout", o.timeout, "between two bytes that move (600)");
  seconds("--deadline", o.deadline, "for one message, all in all (1800)");
  for (const auto name : kRelayFiles)
    if (CLI::Option* const option = app.get_option_no_throw(std::string(name))) option->take_last();
  app.get_option("--password-command")->take_last();
}

void add_fallback_options(CLI::App& app, FallbackOptions& o) {
  const std::string group = "Second smart host";
  add_text(app, "--fallback-host", o.host, "tried where the first is out of reach, or says later",
           "HOST")
      ->group(group);
  app.add_option("--fallback-port", o.port)->group(group)->take_last()->check(CLI::Range(1, 65535));
  add_text(app, "--fallback-tls", o.tls, "as --tls")
      ->group(group)
      ->check(CLI::IsMember({"auto", "none", "starttls", "implicit"}));
  add_text(app, "--fallback-user", o.user, "as --user", "NAME")->group(group);
  app.add_option("--fallback-after", o.after_hours, "once a message is so old (4)")
      ->group(group)
      ->type_name("HOURS")
      ->take_last()
      ->check(CLI::Range(0.0, 1e4));
}

void add_compose_options(CLI::App& app, Options& o) {
  const std::string group = "Compose a message";
  const auto list = [&](const char* name, std::vector<std::string>& into, const char* help,
                        const char* type) {
    app.add_option(name, into, help)->group(group)->type_name(type)->expected(1)->take_all();
  };
  list("--to", o.compose.to, "to whom", "ADDRESS");
  list("--cc", o.compose.cc, "a copy", "ADDRESS");
  list("--bcc", o.compose.bcc, "a copy that the others do not see", "ADDRESS");
  add_text(app, "--from", o.from, "the one sender, in envelope and header", "ADDRESS")
      ->group(group)
      ->check(fault_of_sender);
  add_text(app, "--subject", o.compose.subject, "the subject")->group(group);
  app.add_option_function<std::string>(
         "--body", [&o](const std::string& v) { o.compose.body = v; }, "the text (else: stdin)")
      ->group(group)
      ->take_last();
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

// All options, and where their values go.
class CommandLine {
 public:
  CommandLine() : app_("Sends mail by a smart host; what cannot go now waits in a queue.") {
    add_general_options(app_, options_, modes_);
    add_sendmail_options(app_, options_, modes_);
    add_relay_options(app_, options_.relay);
    add_fallback_options(app_, options_.fallback);
    add_compose_options(app_, options_);
  }
  CommandLine(const CommandLine&) = delete;  // the app points into the rest
  CommandLine& operator=(const CommandLine&) = delete;

  bool takes_value(std::string_view name) const {
    const CLI::Option* const option = app_.get_option_no_throw(std::string(name));
    return option != nullptr && option->get_items_expected_max() > 0;
  }

  void read_config(const std::string& file) {
    app_.remove_option(app_.get_option("--config"));
    app_.set_config("--config", file, "", true);
    app_.allow_config_extras(CLI::config_extras_mode::error);
  }

  // Throws CLI::Error, Print.
  const Options& parse(const std::vector<std::string>& words) {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    try {
      app_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      throw Print{tools::help_text(app_, kUsage)};
    } catch (const CLI::CallForVersion& e) {
      throw Print{e.what() + std::string("\n")};
    }
    options_.mode = modes_.chosen();
    return options_;
  }

  const std::string& config() const noexcept { return modes_.config; }

 private:
  Options options_;
  Modes modes_;
  CLI::App app_;
};

std::string_view name_of(std::string_view word) {
  return word.substr(0, word.find('='));
}

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Those of these names; `files` with their whole paths.
std::vector<std::string> words_of(const std::vector<std::string>& words,
                                  std::span<const std::string_view> names,
                                  std::span<const std::string_view> files) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    const std::string_view name = name_of(word);
    if (i + 1 < words.size() && words[i + 1].empty()) continue;  // an empty value says nothing
    const bool file = is_one_of(files, name);
    if (file && name.size() + 1 < word.size() && word[name.size() + 1] != '@') {
      const auto path = std::filesystem::absolute(word.substr(name.size() + 1));
      found.push_back(std::string(name) + "=" + path.string());
    } else if (file || is_one_of(names, name)) {
      found.push_back(word);
    }
  }
  return found;
}

// A control character in a name is no reason to lose a mail.
std::vector<std::string> preparation_words_of(const std::vector<std::string>& words) {
  auto found = words_of(words, kPreparationWords, kPreparationFiles);
  for (auto& word : found) std::replace_if(word.begin(), word.end(), is_control, ' ');
  return found;
}

void refuse_control_characters(const std::vector<std::string>& words) {
  for (const auto& word : relay_words_of(words)) {
    if (std::any_of(word.begin(), word.end(), is_control))
      throw UsageError(std::string(name_of(word)) + ": control character in its value");
  }
}

bool is_compose_word(const std::string& word) {
  return is_one_of(kComposeWords, name_of(word));
}

// CLI11's own text, as one line.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return escaped(trim(text));
}

// By the command line alone first: it names the configuration, and holds where that is bad.
Parsed parse_words(CommandLine& line, const std::vector<std::string>& words) {
  Parsed parsed;
  try {
    parsed.options = line.parse(words);
  } catch (const Print& e) {
    parsed.print = e.text;
    return parsed;
  } catch (const CLI::ParseError& e) {
    throw UsageError(one_line(e.what()));
  }
  refuse_control_characters(words);
  const std::string config = line.config().empty() ? default_config_file() : line.config();
  if (!config.empty()) {
    try {
      CommandLine with_config;
      with_config.read_config(config);
      parsed.options = with_config.parse(words);
    } catch (const CLI::Error& e) {
      parsed.config_error = config + ": " + one_line(e.what());
    }
  }
  parsed.options.compose.wanted = std::any_of(words.begin(), words.end(), is_compose_word);
  parsed.options.relay_words = relay_words_of(words);
  parsed.options.preparation_words = preparation_words_of(words);
  return parsed;
}

}  // namespace

std::vector<std::string> relay_words_of(const std::vector<std::string>& words) {
  return words_of(words, kRelayWords, kRelayFiles);
}

bool RelayOptions::has_tls_options() const {
  const tools::ConnectionFlags& c = connection;
  return c.insecure || c.tls12 || c.tls13 || !c.ca_file.empty() || !c.ca_dir.empty() ||
         !c.certificate.empty() || !c.key.empty() || !c.pins.empty();
}

std::string default_config_file() {
  const char* const folder = std::getenv("XDG_CONFIG_HOME");
  const std::string base =
      folder != nullptr && *folder == '/' ? folder : tools::home_folder() + "/.config";
  for (const std::string& path :
       {base + "/sendmail-lite/config.toml", std::string("/etc/sendmail-lite.toml")}) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    // Another user's home is none of ours. Where the disk fails, reading the file will say so: mail
    // must not go another way meanwhile.
    if (std::filesystem::exists(status)) return path;
    if (status.type() == std::filesystem::file_type::none && error != std::errc::permission_denied)
      return path;
  }
  return {};
}

std::string default_queue_folder() {
  const char* const folder = std::getenv("XDG_STATE_HOME");
  const std::string base =
      folder != nullptr && *folder == '/' ? folder : tools::home_folder() + "/.local/state";
  return base + "/sendmail-lite/queue";
}

Parsed parse_options(const std::vector<std::string>& words) {
  CommandLine line;
  return parse_words(line, words);
}

Parsed parse_command_line(std::string_view program, const std::vector<std::string>& arguments) {
  CommandLine line;
  Translation translated =
      translate(program, arguments, [&](std::string_view name) { return line.takes_value(name); });
  Parsed parsed = parse_words(line, translated.arguments);
  parsed.warnings = std::move(translated.warnings);
  return parsed;
}

}  // namespace proto::sendmail
