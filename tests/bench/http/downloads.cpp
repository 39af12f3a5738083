#include "downloads.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "support/servers.h"
#include "tables.h"

namespace bench {

namespace {

using proto::test::Nginx;

std::string base_of(const Nginx& nginx) {
  return "http://127.0.0.1:" + std::to_string(nginx.port());
}

// Lines as a server's log has them: they compress to about a sixth, as such files do.
std::string log_lines(int mib) {
  std::string text;
  std::uint32_t noise = 1;
  while (text.size() < static_cast<std::size_t>(mib) << 20) {
    noise = noise * 1664525 + 1013904223;
    text += "192.0.2." + std::to_string(noise >> 24) +
            " - - [26/Nov/2026:21:" + std::to_string(noise >> 12) + "] \"GET /page/" +
            std::to_string(noise) + " HTTP/1.1\" 200 " + std::to_string(noise >> 16) + "\n";
  }
  return text;
}

void compare(const std::string& title, const std::vector<Program>& programs, int rounds,
             const std::string& bar) {
  const auto costs = interleaved(programs.size(), rounds, [&](std::size_t i) {
    return cost_of(programs[i].command, programs[i].stdout_file);
  });
  Table table(title, {"", "wall ms", "CPU ms", "wall / curl, run by run", "CPU / curl"});
  for (std::size_t i = 0; i < programs.size(); ++i) {
    table.row({programs[i].name, number(median_of(costs[i], &Cost::wall) * 1000, 1),
               number(median_of(costs[i], &Cost::cpu) * 1000, 1),
               ratio(ratios(costs[i], costs[0], &Cost::wall)),
               number(median(ratios(costs[i], costs[0], &Cost::cpu)), 2)});
  }
  table.row({"to compare with", "", "", bar, ""});
  table.print();
}

}  // namespace

void compressed(const Settings& s) {
  if (!is_program("curl") || !is_program("nginx")) {
    std::printf("left out: compressed needs curl and nginx\n");
    return;
  }
  Nginx nginx(
      "location /gzip/ { add_header Content-Encoding gzip; } location /br/ { add_header "
      "Content-Encoding br; } location /zstd/ { add_header Content-Encoding zstd; }");
  const int mib = std::min(s.mib, 64);
  nginx.add_file("log", log_lines(mib));
  for (const std::string coding : {"gzip", "br", "zstd"}) {
    const std::string tool = coding == "br" ? "brotli -q 5" : coding;
    if (!is_program(tool.substr(0, tool.find(' ')))) {
      std::printf("left out: %s is not installed\n", tool.c_str());
      continue;
    }
    nginx.add_file(coding + "/log", "");
    cost_of({"sh", "-c",
             tool + " -c '" + nginx.root() + "/log' > '" + nginx.root() + "/" + coding + "/log'"});
    const std::string url = base_of(nginx) + "/" + coding + "/log";
    compare(
        std::to_string(mib) + " MiB of log lines, coded by " + coding,
        {{"curl --compressed", {"curl", "-s", "--compressed", url}, "/dev/null"},
         {"httpget --compressed", {BENCH_BIN "/httpget", "-s", "--compressed", url}, "/dev/null"}},
        s.rounds, "<= 1");
  }
}

void http2(const Settings& s) {
  if (!is_program("curl") || !is_program("nginx")) {
    std::printf("left out: http2 needs curl and nginx\n");
    return;
  }
  Nginx nginx;
  nginx.add_file("small", std::string(200, 'x'));
  nginx.add_file("large", "");
  if (::truncate((nginx.root() + "/large").c_str(), off_t{s.mib} << 20) != 0)
    throw std::runtime_error("bench: cannot make a large file");
  // By ALPN: curl 7.88 cannot use a connection again that it knew beforehand to speak HTTP/2.
  const auto fetch = [&](const std::string& program, const std::string& path, int times) {
    Command command{program, "-s", "--http2", "--cacert", proto::test::test_certificates().ca_file};
    for (int i = 0; i < times; ++i)
      command.push_back("https://localhost:" + std::to_string(nginx.tls_port()) + "/" + path);
    return command;
  };
  const auto both = [&](const std::string& path, int times) -> std::vector<Program> {
    return {{"curl", fetch("curl", path, times), "/dev/null"},
            {"httpget", fetch(BENCH_BIN "/httpget", path, times), "/dev/null"}};
  };
  compare("200 small pages over one connection of HTTP/2", both("small", 200), s.rounds, "<= 1");
  compare(std::to_string(s.mib) + " MiB by HTTP/2", both("large", 1), s.rounds, "<= 1");
}

void parallel(const Settings& s) {
  if (!is_program("curl") || !is_program("nginx")) {
    std::printf("left out: parallel needs curl and nginx\n");
    return;
  }
  Nginx nginx;
  nginx.add_file("small", std::string(200, 'x'));
  Command curl{"curl", "-s", "-Z"};
  Command ours{BENCH_BIN "/httpget", "-s", "-Z"};
  for (int i = 0; i < 100; ++i) {
    for (Command* command : {&curl, &ours}) command->push_back(base_of(nginx) + "/small");
  }
  compare("100 small pages with -Z",
          {{"curl -Z", curl, "/dev/null"}, {"httpget -Z", ours, "/dev/null"}}, s.rounds, "<= 1");

  nginx.add_file("large", "");
  if (::truncate((nginx.root() + "/large").c_str(), off_t{s.file_mib} << 20) != 0)
    throw std::runtime_error("bench: cannot make a large file");
  const std::string url = base_of(nginx) + "/large";
  const std::string file = nginx.root() + "/out";
  const Command get{BENCH_BIN "/httpget", "-s", "-o", file, url};
  Command in_ranges = get;
  in_ranges.insert(in_ranges.end(), {"--segments", "4"});
  compare(std::to_string(s.file_mib) + " MiB to a file, in ranges",
          {{"curl -o FILE", {"curl", "-s", "-o", file, url}, {}},
           {"httpget -o FILE (synced)", get, {}},
           {"httpget -o FILE --segments 4 (synced)", in_ranges, {}}},
          std::min(s.rounds, 5), "one server on loopback: no gain is due");
}

}  // namespace bench
