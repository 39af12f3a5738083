#include "support/mta.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/servers.h"

namespace proto::test {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kNobody = 65534;

constexpr const char* kPostfixMain = R"(compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
virtual_mailbox_domains = example.net
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_mailbox_limit = 0
message_size_limit = 60000000
smtputf8_enable = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_CAfile = {ca}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sasl_security_options =
smtpd_recipient_restrictions =
smtpd_relay_restrictions = reject_unauth_destination
)";

constexpr const char* kPostfixMaster = R"(127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{tls_port} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
)";

constexpr const char* kExim = R"(primary_hostname = mx.example.org
exim_path = {exim}
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
pid_file_path = {folder}/spool/pid
keep_environment = *
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
chunking_advertise_hosts = *
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
message_size_limit = 60M
deliver_drop_privilege = true
split_spool_directory = false
queue_run_max = 1
remote_max_parallel = 1
smtp_accept_max = 50
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_mail = accept
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny local_parts = nobody
       message = no such user
  accept domains = example.net
  deny message = relaying denied
begin routers
box:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = {folder}/mail/box
  maildir_format
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{ann}}{eq{$auth3}{secret}}}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{ann}}{eq{$auth2}{secret}}}}
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{ann}{secret}fail}
)";

std::string filled(std::string text,
                   const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string slot = "{" + name + "}";
    for (auto at = text.find(slot); at != std::string::npos;
         at = text.find(slot, at + value.size())) {
      text.replace(at, slot.size(), value);
    }
  }
  return text;
}

void give(const std::string& path, unsigned uid, unsigned gid) {
  if (::geteuid() == 0 && ::chown(path.c_str(), uid, gid) != 0)
    throw std::system_error(errno, std::generic_category(), path);
}

// A file of a package that was unpacked beside the build, not installed.
std::string private_file(const std::string& package, const std::string& file) {
  const std::string path = (fs::path(PROTO_SOURCE_DIR) / "build/private" / package / file).string();
  if (!fs::exists(path))
    throw std::runtime_error(path + " is missing: run third_party/install.sh test");
  return path;
}

// A library of such a package, whatever the machine.
std::string private_library(const std::string& package, const std::string& name) {
  const std::string root = private_file(package, "usr/lib");
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().filename() == name) return entry.path().string();
  }
  throw std::runtime_error(name + " is not below " + root);
}

}  // namespace

void MailServer::make_folders() {
  ::chmod(folder_.path().c_str(), 0755);
  for (const char* name : {"mail", "mail/box", "mail/box/new", "mail/box/cur", "mail/box/tmp"}) {
    fs::create_directory(folder_.file(name));
    give(folder_.file(name), kNobody, kNobody);
  }
}

void MailServer::start(const std::vector<std::string>& argv, const ProcessOptions& options) {
  child_ = std::make_unique<Child>(argv, options);
  wait_for_port(port_, child_.get());
  wait_for_port(tls_port_, child_.get());
}

std::vector<std::string> MailServer::take_mail(std::size_t count) const {
  const auto files = [&] {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(maildir() + "/new"))
      paths.push_back(entry.path());
    return paths;
  };
  if (!wait_until([&] { return files().size() >= count; }))
    throw std::runtime_error("the mail does not come: " + log());
  std::vector<std::string> messages;
  for (const fs::path& path : files()) {
    messages.push_back(read_file(path.string()));
    fs::remove(path);
  }
  return messages;
}

Postfix::Postfix(const std::string& auth_socket) {
  make_folders();
  const passwd* const owner = ::getpwnam("postfix");
  if (owner == nullptr) throw std::runtime_error("there is no user postfix: install postfix");
  fs::create_directory(folder_.file("queue"));
  fs::create_directory(folder_.file("data"));
  give(folder_.file("data"), owner->pw_uid, owner->pw_gid);
  const Certificates& files = test_certificates();
  port_ = free_port();
  tls_port_ = free_port();
  const std::vector<std::pair<std::string, std::string>> values = {
      {"folder", folder_.path()},
      {"certificate", files.certificate_file},
      {"key", files.key_file},
      {"ca", files.ca_file},
      {"auth", auth_socket},
      {"port", std::to_string(port_)},
      {"tls_port", std::to_string(tls_port_)}};
  folder_.write("main.cf", filled(kPostfixMain, values));
  folder_.write("master.cf", filled(kPostfixMaster, values));
  start({find_program("postfix", "postfix"), "-c", folder_.path(), "start-fg"});
}

Exim::Exim() {
  make_folders();
  fs::create_directory(folder_.file("spool"));
  give(folder_.file("spool"), kNobody, kNobody);
  // Its own user exists only here.
  const std::string user = "Debian-exim:x:65534:65534::/nonexistent:/usr/sbin/nologin\n";
  ProcessOptions options;
  options.env["NSS_WRAPPER_PASSWD"] = folder_.write("passwd", user + "root:x:0:0::/root:/bin/sh\n");
  options.env["NSS_WRAPPER_GROUP"] =
      folder_.write("group", "Debian-exim:x:65534:\nroot:x:0:\nmail:x:8:\n");
  options.env["LD_PRELOAD"] = private_library("libnss-wrapper", "libnss_wrapper.so");
  // A copy, without the set-user-id bit of the package's.
  const std::string exim = folder_.file("exim");
  fs::copy_file(private_file("exim4-daemon-light", "usr/sbin/exim4"), exim);
  ::chmod(exim.c_str(), 0755);
  const Certificates& files = test_certificates();
  // Its workers read the key as its own user.
  folder_.write("key.pem", read_file(files.key_file));
  give(folder_.file("key.pem"), kNobody, kNobody);
  folder_.write("certificate.pem", read_file(files.certificate_file));
  ::chmod(folder_.file("certificate.pem").c_str(), 0644);
  port_ = free_port();
  tls_port_ = free_port();
  const std::string configuration =
      folder_.write("exim.conf", filled(kExim, {{"folder", folder_.path()},
                                                {"exim", exim},
                                                {"certificate", folder_.file("certificate.pem")},
                                                {"key", folder_.file("key.pem")},
                                                {"port", std::to_string(port_)},
                                                {"tls_port", std::to_string(tls_port_)}}));
  ::chmod(configuration.c_str(), 0644);
  start({exim, "-C", configuration, "-bdf"}, options);
}

}  // namespace proto::test
