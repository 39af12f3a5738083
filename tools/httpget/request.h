// What a transfer asks for: URL, method, fields and body, as the options say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "httpget/options.h"
#include "proto/fields.h"
#include "proto/http.h"
#include "proto/url.h"

namespace proto::httpget {

// The operands as URLs: HOST and /PATH, or one URL each. Throws URLError.
std::vector<URL> urls_of(const std::vector<std::string>& operands);

// A request that can be sent as often as need be. Its body views bytes that it owns.
struct Request {
  URL url;
  std::string method;
  Fields fields;
  std::string bytes;  // the body, where it is in memory
  bool has_bytes = false;
  std::string upload_path;  // the body, where it is a file; "-": stdin

  Body body() const;
};

// `index`: which of the URLs. Throws UsageError, ReadError.
Request make_request(const Options& options, const URL& url);

}  // namespace proto::httpget
