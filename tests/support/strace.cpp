#include "support/strace.h"

#include <sstream>

namespace proto::test {

std::vector<std::string> under_strace(const std::vector<std::string>& argv,
                                      const std::vector<std::string>& how) {
  std::vector<std::string> all{find_program("strace", "strace"), "-f", "-qq"};
  all.insert(all.end(), how.begin(), how.end());
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

ProcessOptions traced(ProcessOptions options) {
  options.env["ASAN_OPTIONS"] = "detect_leaks=0";
  return options;
}

CallCounts count_calls(const std::vector<std::string>& argv, const ProcessOptions& options,
                       const std::string& calls) {
  const TempFolder folder;
  const std::string log = folder.file("trace");
  run(under_strace(argv, {"-o", log, "-e", "trace=" + calls}), traced(options));
  CallCounts counts;
  std::istringstream lines(read_file(log));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of("0123456789 ");
    const std::size_t end = line.find('(');
    if (begin == std::string::npos || end == std::string::npos || line[begin] == '+') continue;
    if (begin < end) ++counts[line.substr(begin, end - begin)];
  }
  return counts;
}

void for_each_call(
    const CallCounts& calls, const std::string& fault,
    const std::function<void(const std::vector<std::string>& how, const std::string& where)>& act) {
  for (const auto& [name, count] : calls) {
    for (int n = 1; n <= count; ++n) {
      const std::string inject = name + ":" + fault + ":when=" + std::to_string(n);
      act({"-o", "/dev/null", "-e", "trace=" + name, "-e", "inject=" + inject}, inject);
    }
  }
}

}  // namespace proto::test
