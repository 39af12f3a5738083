// HTTP Strict Transport Security (RFC 6797): hosts that are asked by https only.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "proto/url.h"

namespace proto {

// A store of such hosts. It asks no clock. One thread at a time.
class HSTSStore {
 public:
  // Takes the value of Strict-Transport-Security in a response to a request for `url`. False:
  // passed over: not https, an address in place of a name, or malformed.
  bool take(const URL& url, std::string_view value, std::chrono::sys_seconds now);
  // Whether `host`, canonical, is to be asked by https.
  bool covers(std::string_view host, std::chrono::sys_seconds now) const;
  // The URL to ask in place of `url`: https where the host is covered.
  URL upgrade(const URL& url, std::chrono::sys_seconds now) const;

  std::size_t size() const noexcept { return hosts_.size(); }
  // The file's text, as curl keeps it: lines of a host, with a dot before it where hosts below it
  // are meant, too, and "YYYYMMDD HH:MM:SS" or "unlimited". Lines that are none are passed over:
  // how many.
  std::size_t read(std::string_view text, std::chrono::sys_seconds now);
  // What has not expired.
  std::string write(std::chrono::sys_seconds now) const;

 private:
  struct Policy {
    std::chrono::sys_seconds expires;
    bool with_subdomains = false;
  };
  void add(std::string host, Policy policy, std::chrono::sys_seconds now);
  std::map<std::string, Policy, std::less<>> hosts_;
};

}  // namespace proto
