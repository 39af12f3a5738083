// HTTP against its limit and its peers, on loopback, in one run: the rounds of all clients are
// interleaved, ratios are taken round by round, figures are medians. Each client is a program of
// its own, alone on a core; the server is on the same core for small requests, where a wake-up
// across cores would hide the client, and on another for large bodies. Figures only: it does not
// judge.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>

#include "downloads.h"
#include "measure.h"
#include "rounds.h"
#include "server.h"
#include "support/system_calls.h"
#include "support/tls_authority.h"
#include "tables.h"

namespace {

using namespace bench;
using proto::test::trace_calls;

constexpr const char* kUsage =
    "usage: bench_http [--rounds N] [--requests N] [--mib N] [--file-mib N] [--quick] [TABLE]...\n"
    "tables: small small-tls pipelined counted chunked counted-tls file start compressed "
    "parallel http2\n";

struct Peer {
  std::string name;
  Command command;
};

// The limit first, then what is built and installed.
std::vector<Peer> peers() {
  std::vector<Peer> all;
  for (const std::string name : {"raw", "libproto", "libcurl", "beast", "httplib", "poco"}) {
    const std::string path = std::string(BENCH_FOLDER) + "/http_client_" + name;
    if (is_program(path)) {
      all.push_back({name, {path}});
    } else {
      std::printf("left out: %s is not installed\n", name.c_str());
    }
  }
  for (const std::string python : {"/usr/bin/python3", "python3"}) {
    if (!is_program(python)) continue;
    all.push_back({"python", {python, BENCH_SOURCE "/client.py"}});
    return all;
  }
  std::printf("left out: python3 is not installed\n");
  return all;
}

struct Where {
  const Server& server;
  std::string ca = "-";
};

Command fetch(const Peer& peer, const Where& where, const std::string& target, int count,
              int depth = 1) {
  Command command = peer.command;
  for (const std::string& word :
       {std::to_string(where.server.port()), where.ca, target, std::to_string(count)})
    command.push_back(word);
  if (depth != 1) command.push_back(std::to_string(depth));
  return command;
}

// What `more` costs over `less`, without what both need to start.
double calls_between(const Command& less, const Command& more) {
  return static_cast<double>(trace_calls(more).calls) -
         static_cast<double>(trace_calls(less).calls);
}
std::string instructions_between(const Command& less, const Command& more, double units) {
  const auto a = instructions(less);
  const auto b = instructions(more);
  return a && b ? number((*b - *a) / units) : "-";
}

void small_requests(const Settings& s, const std::vector<Peer>& clients, const Where& where,
                    const std::string& title, const std::string& bar) {
  Table table(title, {"", "requests/s", "system calls", "instructions", "rate / raw, run by run"});
  const auto costs = interleaved(clients.size(), s.rounds, [&](std::size_t i) {
    return told_by(fetch(clients[i], where, "/small", s.requests));
  });
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto some = [&](int count) { return fetch(clients[i], where, "/small", count); };
    table.row({clients[i].name, number(s.requests / median_of(costs[i], &Cost::wall)),
               number(calls_between(some(10), some(110)) / 100, 2),
               instructions_between(some(100), some(300), 200),
               ratio(ratios(costs[0], costs[i], &Cost::wall))});
  }
  table.row({"the bar", "", "2", where.ca == "-" ? "5,000" : "", bar});
  table.print();
}

// The same ready-made request one by one, and 16 deep.
void pipelined(const Settings& s, const std::vector<Peer>& clients, const Where& where) {
  Table table("GET of 200 B, pipelined 16 deep", {"", "requests/s", "system calls", "instructions",
                                                  "rate / raw one by one, run by run"});
  const int requests = s.requests * 4;
  const auto costs = interleaved(3, s.rounds, [&](std::size_t i) {
    return i == 0 ? told_by(fetch(clients[0], where, "/small", requests))
                  : told_by(fetch(clients[i - 1], where, "/small", requests, 16));
  });
  for (std::size_t i = 1; i < 3; ++i) {
    const auto some = [&](int count) { return fetch(clients[i - 1], where, "/small", count, 16); };
    table.row({clients[i - 1].name, number(requests / median_of(costs[i], &Cost::wall)),
               number(calls_between(some(32), some(352)) / 320, 3),
               instructions_between(some(160), some(480), 320),
               ratio(ratios(costs[0], costs[i], &Cost::wall))});
  }
  table.row({"the bar", "", "", "", ">= 10"});
  table.print();
}

void bodies(const Settings& s, const std::vector<Peer>& clients, const Where& where,
            const std::string& kind, const std::string& title, const Command& bar) {
  Table table(title + ", " + std::to_string(s.mib) + " MiB",
              {"", "CPU s/GiB", "calls/MiB", "instructions/MiB", "CPU / raw, run by run"});
  const auto target = [&](int mib) { return "/" + kind + "/" + std::to_string(mib); };
  const auto costs = interleaved(clients.size(), s.rounds, [&](std::size_t i) {
    return told_by(fetch(clients[i], where, target(s.mib), 1));
  });
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const Command less = fetch(clients[i], where, target(16), 1);
    const Command more = fetch(clients[i], where, target(48), 1);
    run_on(0);
    const double calls = calls_between(less, more);
    run_anywhere();
    table.row({clients[i].name, number(median_of(costs[i], &Cost::cpu) * 1024 / s.mib, 3),
               number(calls / 32, 1), instructions_between(less, more, 32),
               ratio(ratios(costs[i], costs[0], &Cost::cpu))});
  }
  table.row(bar);
  table.print();
}

void to_a_file(const Settings& s, const Where& where) {
  const std::string folder = std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp";
  const std::string file = folder + "/proto-bench-" + std::to_string(where.server.port());
  const std::string url = "http://127.0.0.1:" + std::to_string(where.server.port()) + "/counted/" +
                          std::to_string(s.file_mib);
  const std::vector<Program> programs = {
      {"curl -o FILE", {"curl", "-s", "-o", file, url}, {}},
      {"curl -o FILE; sync FILE", {"curl", "-s", "-o", file, url}, {}, true},
      {"curl > FILE", {"curl", "-s", url}, file},
      {"wget -O FILE", {"wget", "-q", "-O", file, url}, {}},
      {"httpget -o FILE (synced)", {BENCH_BIN "/httpget", "-s", "-o", file, url}, {}},
      {"httpget > FILE", {BENCH_BIN "/httpget", "-s", url}, file},
  };
  const auto costs =
      interleaved(programs.size(), std::min(s.rounds, 5), [&](std::size_t i) -> Cost {
        std::remove(file.c_str());
        ::sync();
        if (!is_program(programs[i].command[0])) return {};
        Cost cost = cost_of(programs[i].command, programs[i].stdout_file);
        if (programs[i].sync) {
          const Cost more = cost_of({"sync", file});
          cost = {cost.wall + more.wall, cost.cpu + more.cpu};
        }
        return cost;
      });
  std::remove(file.c_str());
  Table table(std::to_string(s.file_mib) + " MiB to a file below " + folder,
              {"", "CPU s", "wall s", "CPU / curl -o FILE, run by run"});
  for (std::size_t i = 0; i < programs.size(); ++i) {
    if (costs[i][0].wall == 0) continue;
    table.row({programs[i].name, number(median_of(costs[i], &Cost::cpu), 3),
               number(median_of(costs[i], &Cost::wall), 3),
               ratio(ratios(costs[i], costs[0], &Cost::cpu))});
  }
  table.row({"the bar", "", "", "<= 0.6 for httpget -o FILE"});
  table.print();
}

void start_up(const Settings& s, const std::vector<Peer>& clients, const Where& plain,
              const Where& secure) {
  const std::string http = "http://127.0.0.1:" + std::to_string(plain.server.port()) + "/small";
  const std::string https = "https://localhost:" + std::to_string(secure.server.port()) + "/small";
  std::vector<Program> programs = {
      {"true", {"/bin/true"}, {}},
      {"httpget", {BENCH_BIN "/httpget", http}, {}},
      {"curl", {"curl", "-s", http}, {}},
      {"wget", {"wget", "-q", "-O-", http}, {}},
  };
  // The raw client is linked with OpenSSL, and loads it.
  for (const Peer& peer : clients)
    if (peer.name != "libproto")  // its tool is httpget
      programs.push_back({peer.name, fetch(peer, plain, "/small", 0), {}});
  programs.push_back({"TLS: raw", fetch(clients[0], secure, "/small", 0), {}});
  programs.push_back({"TLS: httpget", {BENCH_BIN "/httpget", "--cacert", secure.ca, https}, {}});
  programs.push_back({"TLS: curl", {"curl", "-s", "--cacert", secure.ca, https}, {}});
  std::erase_if(programs, [](const Program& p) { return !is_program(p.command[0]); });

  const auto costs = interleaved(programs.size(), s.rounds * 5,
                                 [&](std::size_t i) { return cost_of(programs[i].command); });
  Table table("One small page, the whole program",
              {"", "wall ms", "CPU ms", "system calls", "peak KiB"});
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto traced = trace_calls(programs[i].command);
    table.row({programs[i].name, number(median_of(costs[i], &Cost::wall) * 1000, 2),
               number(median_of(costs[i], &Cost::cpu) * 1000, 2),
               number(static_cast<double>(traced.calls)),
               number(static_cast<double>(traced.peak_kib))});
  }
  table.row({"the bar for httpget", "2.00; TLS 1.15 raw", "", "70", "4,500"});
  table.print();
}

void run(const Settings& s) {
  const proto::test::Identity identity = proto::test::test_server();
  const std::string ca = proto::test::test_root().certificate_file();
  const Server near(0), far(1);
  const Server near_tls(0, identity.certificate_file(), identity.key_file());
  const Server far_tls(1, identity.certificate_file(), identity.key_file());
  const std::vector<Peer> clients = peers();

  if (s.wants("small")) small_requests(s, clients, {near}, "GET of 200 B, kept alive", ">= 0.95");
  if (s.wants("small-tls"))
    small_requests(s, clients, {near_tls, ca}, "GET of 200 B, kept alive, over TLS 1.3", ">= 0.95");
  if (s.wants("pipelined")) pipelined(s, clients, {near});
  if (s.wants("counted"))
    bodies(s, clients, {far}, "counted", "Body with Content-Length",
           {"the bar", "", "16", "", "<= 1.05"});
  if (s.wants("chunked"))
    bodies(s, clients, {far}, "chunked", "Body in chunks of 4 KiB",
           {"the bar", "", "", "40,000", "<= 1.10"});
  if (s.wants("counted-tls"))
    bodies(s, clients, {far_tls, ca}, "counted", "Body with Content-Length, over TLS 1.3",
           {"the bar", "", "", "", "<= 1.03"});
  if (s.wants("file")) to_a_file(s, {far});
  if (s.wants("start")) start_up(s, clients, {near}, {near_tls, ca});
  if (s.wants("compressed")) compressed(s);
  if (s.wants("parallel")) parallel(s);
  if (s.wants("http2")) http2(s);
}

Settings parse(int argc, char** argv) {
  Settings s;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    int* const value = word == "--rounds"     ? &s.rounds
                       : word == "--requests" ? &s.requests
                       : word == "--mib"      ? &s.mib
                       : word == "--file-mib" ? &s.file_mib
                                              : nullptr;
    if (value != nullptr && i + 1 < argc) {
      *value = std::max(1, std::atoi(argv[++i]));
    } else if (word == "--quick") {
      s.rounds = 3, s.requests = 2000, s.mib = s.file_mib = 128;
    } else if (!word.starts_with('-')) {
      s.tables.push_back(word);
    } else {
      std::fputs(kUsage, stderr);
      std::exit(word == "--help" ? 0 : 2);
    }
  }
  return s;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
