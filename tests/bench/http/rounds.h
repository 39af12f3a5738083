// Rounds of programs, interleaved, and what a run of the bench was asked for.
#pragma once

#include <string>
#include <vector>

#include "measure.h"
#include "server.h"

namespace bench {

struct Settings {
  int rounds = 7;
  int requests = 4000;  // in a round
  int mib = 512;        // of a body
  int file_mib = 1024;  // to a file
  std::vector<std::string> tables;
  bool wants(const std::string& table) const {
    if (tables.empty()) return true;
    for (const std::string& one : tables)
      if (one == table) return true;
    return false;
  }
};

// A program of whose whole run we know nothing but what it costs.
struct Program {
  std::string name;
  Command command;
  std::string stdout_file;
  bool sync = false;  // with what makes its file durable
};

// Every client in every round, each time in another order: what one leaves behind in memory is not
// always the same one's luck.
template <typename F>
std::vector<std::vector<Cost>> interleaved(std::size_t clients, int rounds, F run) {
  std::vector<std::vector<Cost>> costs(clients);
  run_on(0);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t n = 0; n < clients; ++n) {
      const std::size_t i = (n + static_cast<std::size_t>(round)) % clients;
      costs[i].push_back(run(i));
    }
  }
  run_anywhere();
  return costs;
}

inline std::vector<double> ratios(const std::vector<Cost>& a, const std::vector<Cost>& b,
                                  double Cost::*what) {
  std::vector<double> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i].*what / b[i].*what);
  return out;
}
inline double median_of(const std::vector<Cost>& costs, double Cost::*what) {
  std::vector<double> values;
  for (const Cost& cost : costs) values.push_back(cost.*what);
  return median(values);
}

}  // namespace bench
