// Transfers: each URL in turn, over connections that are used again.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "httpget/options.h"
#include "httpget/request.h"
#include "proto/http.h"

namespace proto::httpget {

class Transfers {
 public:
  explicit Transfers(const Options& options);
  // Fetches one URL. Its exit status; what failed has been said on stderr.
  int run(const URL& url, std::size_t index);

 private:
  HTTPConnection& connection_to(const Origin& origin);
  int fetch(const URL& url, std::size_t index, Deadline deadline);

  const Options& options_;
  HTTPOptions http_;
  std::map<std::string, HTTPConnection> connections_;  // by origin
  bool in_body_ = false;
};

}  // namespace proto::httpget
