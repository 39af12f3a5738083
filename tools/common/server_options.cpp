#include "common/server_options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "common/help.h"
#include "common/program.h"
#include "proto/resolver.h"

namespace proto::tools {

namespace {

// A hundred years: what is added to a time stays a time.
constexpr std::chrono::hours kNever(24 * 365 * 100);

}  // namespace

void add_family_options(CLI::App& app, ServerFlags& flags) {
  app.set_version_flag("--version", app.get_name() + " (libproto) " PROTO_VERSION);
  auto* ipv4 = app.add_flag("-4,--ipv4", flags.ipv4, "IPv4 only");
  app.add_flag("-6,--ipv6", flags.ipv6, "IPv6 only")->excludes(ipv4);
  app.add_flag("-v,--verbose", flags.verbosity, "Log to stderr; twice: with times");
}

void add_host_option(CLI::App& app, ServerFlags& flags) {
  app.add_option_function<std::string>(
         "--host",
         [&flags](const std::string& host) {
           flags.host = host;
           flags.host_given = true;
         },
         "The address to listen on; '' is any interface")
      ->type_name("ADDR")
      ->default_str("loopback");
  app.callback([&flags] {
    const Family family = family_of(flags);
    if (family == Family::unspecified || !Address::is_literal(flags.host)) return;
    if (Address(flags.host, 0).family() != family)
      throw CLI::ValidationError("--host", flags.host + " is not of the family asked for");
  });
}

void add_server_options(CLI::App& app, ServerFlags& flags) {
  add_host_option(app, flags);
  app.add_option("--port", flags.port, "The port; 0 takes a free one")
      ->type_name("N")
      ->capture_default_str();
  add_family_options(app, flags);
}

void add_time_options(CLI::App& app, ServerFlags& flags) {
  using Seconds = std::chrono::duration<double>;
  const auto add = [&app](const char* name, const char* what, std::chrono::milliseconds preset,
                          std::function<void(std::chrono::milliseconds)> take) {
    app.add_option_function<double>(
           name,
           [take](double given) {
             take(std::chrono::ceil<std::chrono::milliseconds>(Seconds(given)));
           },
           what)
        ->type_name("S")
        ->check(CLI::Range(0.0, 1e6))
        ->default_str(CLI::detail::to_string(Seconds(preset).count()));
  };
  add("--idle", "Cut off who moves no byte for S seconds; 0: never", flags.idle,
      [&flags](auto idle) { flags.idle = idle == idle.zero() ? kNever : idle; });
  add("--drain", "After SIGTERM, let what is being served go on for S seconds", flags.drain,
      [&flags](auto drain) { flags.drain = drain; });
}

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv,
                                      std::string_view usage) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return announce(help_text(app, usage)) ? 0 : kFailed;
  } catch (const CLI::CallForVersion& e) {
    return announce(e.what()) ? 0 : kFailed;
  } catch (const CLI::Error& e) {
    error_line(e.what());
    return kUsage;
  }
}

Family family_of(const ServerFlags& flags) {
  return flags.ipv4 ? Family::ipv4 : flags.ipv6 ? Family::ipv6 : Family::unspecified;
}

Address address_of(const ServerFlags& flags) {
  const Family family = family_of(flags);
  if (!flags.host_given) return Address::loopback(family, flags.port);
  if (flags.host.empty()) return Address::any(family, flags.port);
  if (!Address::is_literal(flags.host)) return resolve(flags.host, flags.port, family).front();
  return Address(flags.host, flags.port);
}

bool announce(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  if (!line.ends_with('\n')) std::fputc('\n', stdout);
  if (flush_stdout()) return true;
  error_line("cannot write to standard output");
  return false;
}

}  // namespace proto::tools
