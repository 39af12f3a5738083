#include "common/server_command_line.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>

#include "common/help.h"
#include "common/program.h"

namespace proto::tools {

namespace {

// A hundred years: what is added to a time stays a time.
constexpr std::chrono::hours kNever(24 * 365 * 100);

}  // namespace

struct ServerCommandLine::Impl {
  CLI::App app;
  std::string usage;

  static CLI::Option* styled(CLI::Option* option, Style style) {
    if (style.type != nullptr) option->type_name(style.type);
    if (style.default_shown) option->capture_default_str();
    return option;
  }
};

ServerCommandLine::ServerCommandLine(const char* name, const char* description, const char* usage)
    : impl_(new Impl{CLI::App(description, name), usage}) {}
ServerCommandLine::~ServerCommandLine() = default;

void ServerCommandLine::add_family_options(ServerFlags& flags) {
  impl_->app.set_version_flag("--version", impl_->app.get_name() + " (libproto) " PROTO_VERSION);
  auto* ipv4 = impl_->app.add_flag("-4,--ipv4", flags.ipv4, "IPv4 only");
  impl_->app.add_flag("-6,--ipv6", flags.ipv6, "IPv6 only")->excludes(ipv4);
  impl_->app.add_flag("-v,--verbose", flags.verbosity, "Log to stderr; twice: with times");
}

void ServerCommandLine::add_host_option(ServerFlags& flags) {
  impl_->app
      .add_option_function<std::string>(
          "--host",
          [&flags](const std::string& host) {
            flags.host = host;
            flags.host_given = true;
          },
          "The address to listen on; '' is any interface")
      ->type_name("ADDR")
      ->default_str("loopback");
  impl_->app.callback([&flags] {
    const Family family = family_of(flags);
    if (family == Family::unspecified || !Address::is_literal(flags.host)) return;
    if (Address(flags.host, 0).family() != family)
      throw CLI::ValidationError("--host", flags.host + " is not of the family asked for");
  });
}

void ServerCommandLine::add_server_options(ServerFlags& flags) {
  add_host_option(flags);
  impl_->app.add_option("--port", flags.port, "The port; 0 takes a free one")
      ->type_name("N")
      ->capture_default_str();
  add_family_options(flags);
}

void ServerCommandLine::add_time_options(ServerFlags& flags) {
  using Seconds = std::chrono::duration<double>;
  const auto add = [this](const char* name, const char* help, std::chrono::milliseconds preset,
                          std::function<void(std::chrono::milliseconds)> take) {
    impl_->app
        .add_option_function<double>(
            name,
            [take](double given) {
              take(std::chrono::ceil<std::chrono::milliseconds>(Seconds(given)));
            },
            help)
        ->type_name("S")
        ->check(CLI::Range(0.0, 1e6))
        ->default_str(CLI::detail::to_string(Seconds(preset).count()));
  };
  add("--idle", "Cut off who moves no byte for S seconds; 0: never", flags.idle,
      [&flags](auto idle) { flags.idle = idle == idle.zero() ? kNever : idle; });
  add("--drain", "After SIGTERM, let what is being served go on for S seconds", flags.drain,
      [&flags](auto drain) { flags.drain = drain; });
}

void ServerCommandLine::add_flag(const char* names, bool& value, const char* help) {
  impl_->app.add_flag(names, value, help);
}

template <typename T>
void ServerCommandLine::add_value(const char* name, T& value, const char* help, Style style) {
  impl_->styled(impl_->app.add_option(name, value, help), style);
}
template void ServerCommandLine::add_value(const char*, std::string&, const char*, Style);
template void ServerCommandLine::add_value(const char*, std::size_t&, const char*, Style);
template void ServerCommandLine::add_value(const char*, std::uint16_t&, const char*, Style);

template <typename T>
void ServerCommandLine::add_number(const char* name, T& value, T least, T most, const char* help,
                                   Style style) {
  impl_->styled(impl_->app.add_option(name, value, help), style)->check(CLI::Range(least, most));
}
template void ServerCommandLine::add_number(const char*, int&, int, int, const char*, Style);
template void ServerCommandLine::add_number(const char*, std::size_t&, std::size_t, std::size_t,
                                            const char*, Style);
template void ServerCommandLine::add_number(const char*, double&, double, double, const char*,
                                            Style);

void ServerCommandLine::describe(const char* name, const char* help) {
  impl_->app.get_option(name)->description(help);
}

std::optional<int> ServerCommandLine::parse(int argc, char** argv) {
  try {
    impl_->app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return announce(help_text(impl_->app, impl_->usage)) ? 0 : kFailed;
  } catch (const CLI::CallForVersion& e) {
    return announce(e.what()) ? 0 : kFailed;
  } catch (const CLI::Error& e) {
    error_line(e.what());
    return kUsage;
  }
}

bool ServerCommandLine::given(const char* name) const {
  return impl_->app.count(name) != 0;
}

}  // namespace proto::tools
