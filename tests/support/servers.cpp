#include "support/servers.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <stdexcept>

namespace proto::test {

namespace {

// A port that was free a moment ago may be taken by now: then another pair is tried.
std::unique_ptr<Child> start_on_free_ports(
    std::uint16_t& port, std::uint16_t& tls_port,
    const std::function<std::vector<std::string>()>& configure) {
  for (int attempt = 0;; ++attempt) {
    port = free_port();
    tls_port = free_port();
    auto child = std::make_unique<Child>(configure());
    try {
      wait_for_port(port, child.get());
      wait_for_port(tls_port, child.get());
      return child;
    } catch (const std::runtime_error&) {
      if (attempt == 2) throw;
    }
  }
}

// Servers that give up root's rights must still reach their files.
void open_to_all(const std::string& folder) {
  ::chmod(folder.c_str(), 0755);
}

void add_file(const std::string& root, std::string_view name, std::string_view content) {
  const std::string path = root + "/" + std::string(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out << content;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path);
}

std::vector<AccessLine> read_log(const std::string& path, std::size_t count) {
  std::vector<AccessLine> lines;
  const bool enough = wait_until([&] {
    lines.clear();
    std::istringstream text(std::filesystem::exists(path) ? read_file(path) : "");
    AccessLine line;
    while (text >> line.connection >> line.method >> line.target >> line.status)
      lines.push_back(line);
    return lines.size() >= count;
  });
  if (!enough) {
    throw std::runtime_error("want " + std::to_string(count) + " lines in " + path + ", got " +
                             std::to_string(lines.size()));
  }
  return lines;
}

std::size_t distinct_connections(const std::vector<AccessLine>& lines, std::size_t count) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < std::min(count, lines.size()); ++i) names.insert(lines[i].connection);
  return names.size();
}

// `text` with each {name} replaced.
std::string fill_in(std::string text,
                    const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string slot = "{" + name + "}";
    for (std::size_t at = text.find(slot); at != std::string::npos;
         at = text.find(slot, at + value.size())) {
      text.replace(at, slot.size(), value);
    }
  }
  return text;
}

constexpr const char* kNginxConfiguration = R"(
daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/error.log info;
events { worker_connections 2048; }
http {
  access_log off;
  log_format words '$connection $request_method $request_uri $status';
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types { text/html html; text/plain txt; application/json json; image/png png; }
  default_type application/octet-stream;
  keepalive_requests 1000000; client_max_body_size 0; server_tokens off; sendfile on; tcp_nopush on;
  {top}
  server {
    listen 127.0.0.1:{port}; listen [::1]:{port}; listen unix:{folder}/nginx.sock;
    listen unix:{folder}/h2c.sock http2;
    listen 127.0.0.1:{tls_port} ssl http2; listen [::1]:{tls_port} ssl http2;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    access_log {folder}/access.log words;
    root {folder}/www;
    {locations}
  }
}
)";

constexpr const char* kApacheConfiguration = R"(
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_basic_module {modules}/mod_auth_basic.so
LoadModule auth_digest_module {modules}/mod_auth_digest.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule rewrite_module {modules}/mod_rewrite.so
LoadModule filter_module {modules}/mod_filter.so
LoadModule deflate_module {modules}/mod_deflate.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule http2_module {modules}/mod_http2.so
{user}
Mutex file:{folder} default
StartServers 1
ServerLimit 4
TypesConfig {folder}/mime.types
Listen 127.0.0.1:{port}
Listen [::1]:{port}
Listen 127.0.0.1:{tls_port}
Listen [::1]:{tls_port}
DocumentRoot {folder}/www
MaxKeepAliveRequests 0
KeepAliveTimeout 60
LogFormat "%{c}a:%{c}p:%{remote}p %m %U%q %>s" words
CustomLog {folder}/access.log words
<Directory {folder}/www>
  Require all granted
  AllowOverride None
</Directory>
<VirtualHost *:{tls_port}>
  SSLEngine on
  SSLCertificateFile {certificate}
  SSLCertificateKeyFile {key}
  Protocols h2 http/1.1
</VirtualHost>
{directives}
)";

}  // namespace

Nginx::Nginx(const std::string& locations, const std::string& top) {
  const Certificates& tls = test_certificates();
  std::filesystem::create_directories(root());
  child_ = start_on_free_ports(port_, tls_port_, [&] {
    remove_sockets();
    folder_.write("nginx.conf",
                  fill_in(kNginxConfiguration, {{"top", top},
                                                {"locations", locations},
                                                {"folder", folder_.path()},
                                                {"port", std::to_string(port_)},
                                                {"tls_port", std::to_string(tls_port_)},
                                                {"certificate", tls.certificate_file},
                                                {"key", tls.key_file}}));
    return command();
  });
}

std::vector<std::string> Nginx::command() const {
  return {find_program("nginx", "nginx-light"),
          "-p",
          folder_.path(),
          "-e",
          folder_.file("error.log"),
          "-c",
          folder_.file("nginx.conf")};
}

void Nginx::remove_sockets() const {
  std::filesystem::remove(unix_socket());
  std::filesystem::remove(h2c_socket());
}

void Nginx::kill() {
  child_->signal(SIGKILL);
  child_->wait();
}

void Nginx::start() {
  remove_sockets();
  child_ = std::make_unique<Child>(command());
  wait_for_port(port_, child_.get());
}

void Nginx::add_file(std::string_view name, std::string_view content) const {
  test::add_file(root(), name, content);
}

std::vector<AccessLine> Nginx::log(std::size_t count) const {
  return read_log(folder_.file("access.log"), count);
}

std::size_t Nginx::connections(std::size_t count) const {
  return distinct_connections(log(count), count);
}

std::string Nginx::error_log() const {
  return read_file(folder_.file("error.log"));
}

Apache::Apache(const std::string& directives) {
  const std::string program = find_program("apache2", "apache2");
  const Certificates& tls = test_certificates();
  std::filesystem::create_directories(root());
  open_to_all(folder_.path());
  folder_.write("mime.types", "text/html html\ntext/plain txt\napplication/json json\n");
  child_ = start_on_free_ports(port_, tls_port_, [&] {
    const std::string path = folder_.write(
        "apache.conf", fill_in(kApacheConfiguration,
                               {{"directives", directives},
                                {"user", ::geteuid() == 0 ? "User nobody\nGroup nogroup" : ""},
                                {"modules", "/usr/lib/apache2/modules"},
                                {"folder", folder_.path()},
                                {"port", std::to_string(port_)},
                                {"tls_port", std::to_string(tls_port_)},
                                {"certificate", tls.certificate_file},
                                {"key", tls.key_file}}));
    return std::vector<std::string>{program, "-D", "FOREGROUND", "-f", path};
  });
}

void Apache::add_file(std::string_view name, std::string_view content) const {
  test::add_file(root(), name, content);
}

std::vector<AccessLine> Apache::log(std::size_t count) const {
  return read_log(folder_.file("access.log"), count);
}

std::size_t Apache::connections(std::size_t count) const {
  return distinct_connections(log(count), count);
}

}  // namespace proto::test
