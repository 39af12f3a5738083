#include "popsubjects/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/characters.h"
#include "common/help.h"
#include "common/host_port.h"
#include "common/mail_exit.h"
#include "common/program.h"

namespace proto::tools {

namespace {

// What is wrong with the command line, told as `--option: why`.
void require(bool good, const std::string& option, const std::string& why) {
  if (!good) throw CLI::ValidationError(option, why);
}

// "host:port" and "[::1]:port" are taken too.
void split_host(PopOptions& o) {
  try {
    const HostPort both = split_host_port(o.host);
    o.host = both.host;
    if (o.port == 0) o.port = both.port;
  } catch (const std::invalid_argument& e) {
    throw CLI::ValidationError("--host", e.what());
  }
}

void check(PopOptions& o) {
  require(!o.host.empty(), "--host", "the mail server is missing");
  split_host(o);
  for (const auto& [option, text] :
       {std::pair<const char*, const std::string&>("--host", o.host), {"--user", o.user}})
    require(!has_line_break_or_nul(text), option, "CR, LF or NUL in it");
  require(!o.baseline || o.only_new, "--baseline", "goes with --new");
  require(o.state.empty() || o.only_new, "--state", "goes with --new");
  require(!o.passwords.file.empty() || !o.passwords.command.empty() || !o.wants_token(), "--auth",
          "a token comes from --password-file or --password-command");
}

void add_message_options(CLI::App& app, PopOptions& o, std::string& format) {
  CLI::Option_group* const group = app.add_option_group("Messages");
  group->add_flag("--new", o.only_new,
                  "Only what no earlier run has shown; exit status 1: nothing");
  group->add_option("--state", o.state, "Where it is kept what was shown")->type_name("FILE");
  group->add_flag("--baseline", o.baseline, "With --new: take all that is there as shown");
  group->add_option("--limit", o.limit, "Only the newest N")
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{1}, UINT32_MAX));
  group->add_flag("--reverse", o.reverse, "Newest first");
  CLI::Option* const as =
      group->add_option("--format", format, "What to print of each message")->type_name("FORMAT");
  group->add_flag("--json", o.json, "One JSON object a line")->excludes(as);
  group->add_flag("--count", o.count, "Print only how many");
  group->add_flag("--quiet", o.quiet, "Print nothing");
  group->add_flag("--retr", o.retr, "By RETR, where the server's TOP is broken");
}

void add_server_options(CLI::App& app, PopOptions& o, std::string& tls) {
  static const std::vector<std::string> kAuth = {"auto",
                                                 "user",
                                                 "apop",
                                                 "plain",
                                                 "login",
                                                 "cram-md5",
                                                 "scram-sha-256",
                                                 "scram-sha-1",
                                                 "scram-sha-256-plus",
                                                 "scram-sha-1-plus",
                                                 "xoauth2",
                                                 "oauthbearer",
                                                 "external"};
  CLI::Option_group* const group = app.add_option_group("Server");
  group->add_option("--host", o.host, "The mail server")->type_name("HOST");
  group->add_option("--port", o.port, "995, or 110 without implicit TLS")
      ->type_name("N")
      ->check(CLI::Range(1, 65535));
  group->add_option("--tls", tls, "implicit (as usual), starttls, none")
      ->type_name("MODE")
      ->check(CLI::IsMember({"implicit", "starttls", "none"}).description(""));
  group->add_option("--user", o.user, "Whose mailbox; netrc's login or $USER unless given")
      ->type_name("NAME");
  group->add_option("--auth", o.auth, "How to log in; auto: the strongest that the server offers")
      ->type_name("HOW")
      ->transform(CLI::IsMember(kAuth, CLI::ignore_case).description(""));
  group->add_option("--timeout", o.timeout, "Give up after so long a silence (60)")
      ->type_name("S")
      ->check(CLI::Range(0.001, 1e9));
  group->add_option("--deadline", o.deadline, "Give up after so long altogether (3600)")
      ->type_name("S")
      ->check(CLI::Range(0.001, 1e9));
}

}  // namespace

std::optional<int> parse_command_line(int argc, char** argv, PopOptions& options) {
  CLI::App app("Lists the subjects of a mailbox by POP3. Deletes nothing.", "popsubjects");
  std::string format;
  std::string tls = "implicit";
  // Of an option that is given twice the last one counts.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.set_help_flag("-h,--help", "Print this");
  app.set_version_flag("--version", "popsubjects (libproto) " PROTO_VERSION);
  app.add_flag("-v,--verbose", options.verbosity, "Log on stderr; twice: with the time");
  add_server_options(app, options, tls);
  add_password_options(app, options.passwords);
  add_message_options(app, options, format);
  add_connection_options(app, options.connection);
  try {
    app.parse(argc, argv);
    check(options);
    options.tls = tls == "none"       ? TLSMode::none
                  : tls == "starttls" ? TLSMode::starttls
                                      : TLSMode::implicit;
    if (options.port == 0) options.port = options.tls == TLSMode::implicit ? 995 : 110;
    try {
      if (!format.empty()) options.format = Format(format);
    } catch (const std::invalid_argument& e) {
      throw CLI::ValidationError("--format", e.what());
    }
  } catch (const CLI::CallForHelp&) {
    std::fputs(help_text(app, "Usage: popsubjects --host HOST [OPTIONS]").c_str(), stdout);
    return flush_stdout() ? kDone : kInputOutput;
  } catch (const CLI::CallForVersion& e) {
    std::printf("%s\n", e.what());
    return flush_stdout() ? kDone : kInputOutput;
  } catch (const CLI::ParseError& e) {
    error_line(e.what());
    return kUsage;
  }
  if (const char* user = std::getenv("USER"); user != nullptr && options.user.empty())
    options.default_user = user;
  return std::nullopt;
}

}  // namespace proto::tools
