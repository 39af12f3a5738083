// httpget's command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/connection_options.h"
#include "common/passwords.h"

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

// One of -F and --form-string, in the order given. `literal`: no character of the value means
// anything.
struct FormPart {
  std::string text;
  bool literal = false;
};

struct Options {
  std::vector<std::string> operands;

  // where the response goes
  std::vector<std::string> outputs;  // the nth is the nth URL's
  bool remote_name = false;
  std::string output_dir;
  bool include_head = false;
  bool head_only = false;
  bool header_name = false;  // -J
  std::string write_out;
  bool parallel = false;
  std::size_t parallel_max = 50;
  std::string dump_header;
  bool fail = false;
  bool silent = false;
  bool show_error = false;
  int verbosity = 0;
  std::optional<bool> progress;
  std::uint64_t max_filesize = UINT64_MAX;
  std::uint64_t limit_rate = 0;  // bytes a second; 0: none
  unsigned segments = 1;

  // the request
  std::string method;
  std::vector<std::string> headers;
  std::string user_agent = "httpget/" PROTO_VERSION;
  std::string referer;
  std::vector<DataPart> data;
  std::string upload;
  std::vector<FormPart> form;
  bool form_escape = false;
  bool data_in_query = false;
  std::vector<std::string> url_query;
  bool dry_run = false;
  int http_version = 11;  // as HTTPOptions::version
  bool http2_prior_knowledge = false;
  std::string range;
  std::string resume;  // -C: an offset, or "-"
  std::string time_condition;
  std::string etag_save, etag_compare;
  bool compressed = false;
  std::string sha256;

  // logins, cookies, redirects, retries
  bool location = false;
  unsigned max_redirs = 30;  // UINT_MAX: any number
  std::string user;          // "user:password"; wiped from argv, and from here once it is used
  bool digest = false, basic = false, anyauth = false;
  std::string bearer_file;
  bool netrc = false;
  tools::PasswordSources passwords;
  std::vector<std::string> cookies;
  std::string cookie_jar;
  std::string hsts;
  unsigned retries = 0;
  std::optional<double> retry_delay, retry_max_time;
  bool retry_all_errors = false;

  // the connection
  tools::ConnectionFlags connection;
  std::string unix_socket;
  std::vector<std::string> resolve;
  std::vector<std::string> connect_to;
  std::string interface;
  std::optional<std::string> proxy;  // empty: none, whatever the environment says
  std::optional<std::string> no_proxy;
  std::optional<double> connect_timeout;
  std::optional<double> max_time;
};

// Fills `options`; nothing, or the exit status of a run that ends here (--help, --version, usage).
std::optional<int> parse_options(int argc, char** argv, Options& options);

// Throws UsageError for a value that cannot be used or sent, and for options that do not go
// together.
void check_options(const Options& options);

// "1500", "64k", "2M", "1G": factors of 1024. Throws UsageError.
std::uint64_t parse_size(const std::string& text, const char* option);

}  // namespace proto::httpget
