// protod: a folder by HTTP, mail in by SMTP and out by POP3, on loopback. For demonstrations and
// tests. See protod.1.
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/descriptor_limit.h"
#include "common/logging_server.h"
#include "common/program.h"
#include "common/server_command_line.h"
#include "reference/protod/accounts.h"
#include "reference/protod/folder.h"
#include "reference/protod/http_service.h"
#include "reference/protod/pop3_service.h"
#include "reference/protod/smtp_service.h"

namespace {

using namespace proto;

struct Settings {
  tools::ServerFlags flags;
  int http_port = -1, smtp_port = -1, pop3_port = -1;  // -1: not served
  std::string root = ".";
  std::string maildir;
  std::string users;
  std::string certificate, key;
};

// A thread each.
constexpr std::size_t kMaxConnections = 2000;

// Every service is a TCPServer with a thread for each connection.
struct Service {
  std::string name;
  std::unique_ptr<TCPServer> server;
};

class Services {
 public:
  explicit Services(const Settings& settings) : flags_(settings.flags) {
    options_.concurrency = Concurrency::threads;
    options_.max_workers = kMaxConnections;
    options_.idle = flags_.idle;
    options_.drain = flags_.drain;
    if (!settings.certificate.empty()) {
      tls_ = TLSContext::server(settings.certificate,
                                settings.key.empty() ? settings.certificate : settings.key);
    }
  }

  void add(const std::string& name, int port, ConnectionHandler handler) {
    if (port < 0) return;
    flags_.port = static_cast<std::uint16_t>(port);
    services_.push_back(
        {name, std::make_unique<tools::LoggingServer<TCPServer>>(
                   tools::address_of(flags_), std::move(handler), options_, flags_.verbosity)});
    std::printf("protod: %s on %s\n", name.c_str(),
                services_.back().server->server_address().to_string().c_str());
  }

  // Until SIGINT or SIGTERM.
  int run() {
    if (services_.empty()) {
      tools::error_line("nothing to serve: give --http-port, --smtp-port or --pop3-port");
      return 64;
    }
    // Before anybody can know that we are there.
    services_.front().server->shutdown_on({SIGINT, SIGTERM});
    if (!tools::flush_stdout()) return 74;
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < services_.size(); ++i) {
      others.emplace_back([server = services_[i].server.get()] { server->serve_forever(); });
    }
    services_.front().server->serve_forever();
    for (std::size_t i = 1; i < services_.size(); ++i) services_[i].server->shutdown();
    return 0;
  }

  const std::shared_ptr<const TLSContext>& tls() const { return tls_; }

 private:
  tools::ServerFlags flags_;
  ServerOptions options_;
  std::shared_ptr<const TLSContext> tls_;
  std::vector<Service> services_;
};

int usage_error(const char* what) {
  tools::error_line(what);
  return 64;
}

// The exit status, where the program is over.
std::optional<int> parse(int argc, char** argv, Settings& settings) {
  tools::ServerCommandLine line(
      "protod", "A small server for demonstrations and tests: HTTP, SMTP and POP3 on loopback.",
      "Usage: protod [OPTIONS]");
  const auto add_port = [&line](const char* name, int& port, const char* help) {
    line.add_number(name, port, 0, 65535, help);
  };
  add_port("--http-port", settings.http_port, "Serve --root by HTTP (0: a free port)");
  add_port("--smtp-port", settings.smtp_port, "Take mail into --maildir by SMTP");
  add_port("--pop3-port", settings.pop3_port, "Give --maildir out by POP3");
  line.add_value("--root", settings.root, "The folder for HTTP", {nullptr, true});
  line.add_value("--maildir", settings.maildir, "The Maildir; made where there is none");
  line.add_value(
      "--users", settings.users,
      "Who may log in: a file of lines user:password (else demo, with the password demo)");
  line.add_value("--tls-cert", settings.certificate,
                 "Certificate chain (PEM): STARTTLS and STLS are offered");
  line.add_value("--tls-key", settings.key, "Its key (PEM)");
  line.add_host_option(settings.flags);
  line.add_family_options(settings.flags);
  settings.flags.drain = std::chrono::seconds(2);
  line.add_time_options(settings.flags);
  const auto status = line.parse(argc, argv);
  if (status == tools::kUsage) return 64;
  return status == tools::kFailed ? 74 : status;
}

}  // namespace

int main(int argc, char** argv) {
  tools::start_program("protod");
  try {
    Settings settings;
    if (const auto status = parse(argc, argv, settings)) return *status;
    tools::raise_descriptor_limit();
    Services services(settings);
    std::unique_ptr<protod::Folder> folder;
    if (settings.http_port >= 0) folder = std::make_unique<protod::Folder>(settings.root);
    services.add("http", settings.http_port, [&folder, &settings](Connection& connection) {
      protod::serve_http(connection.stream, *folder, settings.flags.idle);
    });
    if ((settings.pop3_port >= 0 || settings.smtp_port >= 0) && settings.maildir.empty())
      return usage_error("--smtp-port and --pop3-port: go with --maildir");
    const auto accounts = settings.users.empty() ? protod::Accounts::demonstration()
                                                 : protod::Accounts::from_file(settings.users);
    const protod::SMTPService incoming{settings.maildir, accounts, services.tls(),
                                       settings.flags.idle};
    services.add("smtp", settings.smtp_port, [&incoming](Connection& connection) {
      protod::serve_smtp(connection.stream, incoming);
    });
    const protod::POP3Service mail{settings.maildir, accounts, services.tls(), settings.flags.idle};
    services.add("pop3", settings.pop3_port,
                 [&mail](Connection& connection) { protod::serve_pop3(connection.stream, mail); });
    return services.run();
  } catch (const std::exception& e) {
    tools::error_line(e.what());
    return 71;
  }
}
