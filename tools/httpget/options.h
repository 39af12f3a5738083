// httpget's command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/connection_options.h"

namespace proto::httpget {

// A value that no option takes; the message names the option. Exit status 2.
class UsageError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// One of -d, --data-raw, --data-binary, --data-urlencode, --json: they join in the order given.
struct DataPart {
  enum class Kind { form, raw, binary, urlencode, json };
  Kind kind;
  std::string text;
};

struct Options {
  std::vector<std::string> operands;

  // where the response goes
  std::vector<std::string> outputs;  // the nth is the nth URL's
  bool remote_name = false;
  std::string output_dir;
  bool include_head = false;
  bool head_only = false;
  std::string dump_header;
  bool fail = false;
  bool silent = false;
  bool show_error = false;
  int verbosity = 0;
  std::optional<bool> progress;
  std::uint64_t max_filesize = UINT64_MAX;
  std::uint64_t limit_rate = 0;  // bytes a second; 0: none

  // the request
  std::string method;
  std::vector<std::string> headers;
  std::string user_agent = "httpget/" PROTO_VERSION;
  std::string referer;
  std::vector<DataPart> data;
  std::string upload;
  bool data_in_query = false;
  std::vector<std::string> url_query;
  bool dry_run = false;
  int http_version = 11;

  // the connection
  tools::ConnectionFlags connection;
  std::string unix_socket;
  std::vector<std::string> resolve;
  std::optional<double> connect_timeout;
  std::optional<double> max_time;
};

// Fills `options`; nothing, or the exit status of a run that ends here (--help, --version, usage).
std::optional<int> parse_options(int argc, char** argv, Options& options);

// "1500", "64k", "2M", "1G": factors of 1024. Throws UsageError.
std::uint64_t parse_size(const std::string& text, const char* option);

}  // namespace proto::httpget
