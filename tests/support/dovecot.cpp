#include "support/dovecot.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "base/base64.h"
#include "base/crypto.h"
#include "support/servers.h"

namespace proto::test {

namespace {

constexpr const char* kUsers[] = {"ann", "empty", "many", "client"};

// Where root starts it, mail is read as nobody.
constexpr unsigned kNobody = 65534;

constexpr const char* kConfiguration = R"(
base_dir = {folder}/run
protocols = pop3
listen = 127.0.0.1, ::1
log_path = {folder}/log
auth_verbose = yes
auth_failure_delay = 0
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_ca = <{ca}
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_username_from_cert = yes
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256 oauthbearer xoauth2 external
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {folder}/oauth2
}
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}
userdb {
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail/%u
pop3_lock_session = yes
{users}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = {port}
  }
  inet_listener pop3s {
    port = {tls_port}
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener {folder}/auth {
    mode = 0666
  }
}
service stats {
  chroot =
}
)";

void fill(std::string& text, const std::string& name, const std::string& value) {
  const std::string slot = "{" + name + "}";
  for (auto at = text.find(slot); at != std::string::npos; at = text.find(slot, at + value.size()))
    text.replace(at, slot.size(), value);
}

// A JSON Web Token (RFC 7519) that the server checks by itself.
std::string token_for(const std::string& user, const std::string& key) {
  const std::string body = base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." +
                           base64url_encode("{\"sub\":\"" + user + "\",\"exp\":" +
                                            std::to_string(std::time(nullptr) + 3600) + "}");
  return body + "." + base64url_encode(hmac(DigestAlgorithm::sha256, key, body));
}

}  // namespace

Dovecot::Dovecot() {
  namespace fs = std::filesystem;
  const bool root = ::geteuid() == 0;
  const std::string uid = std::to_string(root ? kNobody : ::geteuid());
  const std::string gid = std::to_string(root ? kNobody : ::getegid());
  const std::string me = root ? "" : std::to_string(::geteuid());
  folder_.write("password", "secret\n");
  folder_.write("wrong", "hunter2\n");
  folder_.write("token", token_for("ann", "key of the tests") + "\n");
  folder_.write("keys/default/HS256/default", base64_encode("key of the tests"));
  folder_.write("oauth2",
                "introspection_mode = local\nusername_attribute = sub\n"
                "local_validation_key_dict = fs:posix:prefix=" +
                    folder_.file("keys/") + "\n");
  std::string users;
  for (const char* user : kUsers) {
    users += std::string(user) + ":secret\n";
    for (const char* part : {"new", "cur", "tmp"})
      fs::create_directories(folder_.file("mail/" + std::string(user) + "/" + part));
  }
  folder_.write("users", users);
  fs::create_directories(folder_.file("home"));
  ::chmod(folder_.path().c_str(), 0755);
  if (root) {
    for (const char* owned : {"mail", "home"}) {
      for (const auto& entry : fs::recursive_directory_iterator(folder_.file(owned)))
        if (::chown(entry.path().c_str(), kNobody, kNobody) != 0)
          throw std::system_error(errno, std::generic_category(), "chown");
      if (::chown(folder_.file(owned).c_str(), kNobody, kNobody) != 0)
        throw std::system_error(errno, std::generic_category(), "chown");
    }
  }
  const Certificates& files = test_certificates();
  for (int attempt = 0;; ++attempt) {
    port_ = free_port();
    tls_port_ = free_port();
    std::string text = kConfiguration;
    fill(text, "folder", folder_.path());
    fill(text, "certificate", files.certificate_file);
    fill(text, "key", files.key_file);
    fill(text, "ca", files.ca_file);
    fill(text, "uid", uid);
    fill(text, "gid", gid);
    fill(text, "users",
         me.empty() ? "" : "default_internal_user = #" + me + "\ndefault_login_user = #" + me);
    fill(text, "port", std::to_string(port_));
    fill(text, "tls_port", std::to_string(tls_port_));
    child_ = std::make_unique<Child>(std::vector<std::string>{
        find_program("dovecot", "dovecot-pop3d"), "-F", "-c", folder_.write("conf", text)});
    try {
      wait_for_port(port_, child_.get());
      wait_for_port(tls_port_, child_.get());
      return;
    } catch (const std::runtime_error&) {
      if (attempt == 2) throw;
    }
  }
}

void Dovecot::deliver(std::string_view user, std::string_view message) {
  char name[64];
  std::snprintf(name, sizeof name, "%010d.M%dP1.test", 1700000000 + delivered_, delivered_);
  ++delivered_;
  // Its name's time is the order.
  const std::string path = folder_.write("mail/" + std::string(user) + "/new/" + name, message);
  ::chmod(path.c_str(), 0644);
}

}  // namespace proto::test
