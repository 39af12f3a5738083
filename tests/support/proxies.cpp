#include "support/proxies.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <stdexcept>

namespace proto::test {

namespace {

// A port that was free a moment ago may be taken by now: then another one is tried.
std::unique_ptr<Child> start_on_a_free_port(
    std::uint16_t& port, const std::function<std::vector<std::string>()>& configure) {
  for (int attempt = 0;; ++attempt) {
    port = free_port();
    auto child = std::make_unique<Child>(configure());
    try {
      wait_for_port(port, child.get());
      return child;
    } catch (const std::runtime_error&) {
      if (attempt == 2) throw;
    }
  }
}

}  // namespace

Squid::Squid(Login login) {
  const std::string program = find_program("squid", "squid");
  // It gives up root's rights, and must still reach its files.
  ::chmod(folder_.path().c_str(), 0777);
  const std::string helpers = "/usr/lib/squid/";
  std::string allowed = "http_access allow all\n";
  if (login == Login::basic) {
    const std::string hash = run({"openssl", "passwd", "-1", "-salt", "libproto", "secret"}).out;
    allowed = "auth_param basic program " + helpers + "basic_ncsa_auth " +
              folder_.write("basic", "ann:" + hash) + "\nauth_param basic realm squid\n";
  } else if (login == Login::digest) {
    allowed = "auth_param digest program " + helpers + "digest_file_auth " +
              folder_.write("digest", "ann:secret\n") + "\nauth_param digest realm squid\n";
  }
  if (login != Login::none) allowed += "acl known proxy_auth REQUIRED\nhttp_access allow known\n";
  child_ = start_on_a_free_port(port_, [&] {
    const std::string path = folder_.write(
        "squid.conf", "http_port " + address() +
                          "\npid_filename none\nvisible_hostname localhost\n" + "cache_log " +
                          folder_.file("cache.log") + "\naccess_log stdio:" +
                          folder_.file("access.log") + "\nlogfile_rotate 0\nbuffered_logs off\n" +
                          "cache deny all\ncache_mem 8 MB\nmemory_cache_shared off\n" +
                          "pinger_enable off\nnetdb_filename none\nshutdown_lifetime 0 seconds\n" +
                          "coredump_dir " + folder_.path() + "\nmax_filedescriptors 1024\n" +
                          "acl blocked dstdomain blocked.test\nhttp_access deny blocked\n" +
                          allowed + "http_access deny all\n");
    return std::vector<std::string>{program, "-N", "-f", path};
  });
}

std::string Squid::log_with(const std::string& text) const {
  std::string log;
  const bool there = wait_until([&] {
    const std::string path = folder_.file("access.log");
    log = std::filesystem::exists(path) ? read_file(path) : "";
    return log.find(text) != std::string::npos;
  });
  if (!there) throw std::runtime_error("squid logged no " + text + ", but: " + log);
  return log;
}

Microsocks::Microsocks(bool login) {
  const std::string program = find_program("microsocks", "microsocks");
  child_ = start_on_a_free_port(port_, [&] {
    std::vector<std::string> line{program, "-i", "127.0.0.1", "-p", std::to_string(port_)};
    if (login) line.insert(line.end(), {"-u", "ann", "-P", "secret"});
    return line;
  });
}

}  // namespace proto::test
