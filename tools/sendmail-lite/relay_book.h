// The relays of a run: one for all messages that go the same way.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/trace.h"
#include "sendmail-lite/flush.h"
#include "sendmail-lite/options.h"
#include "sendmail-lite/smtp_relay.h"

namespace proto::sendmail {

class RelayBook {
 public:
  // `own`: what this run's command line says of the relay. It overrides what a message brings.
  RelayBook(std::vector<std::string> own, Trace trace)
      : own_(std::move(own)), trace_(std::move(trace)) {}

  // By what the message was queued with, and the configuration as it is now. Throws UsageError,
  // std::runtime_error where the configuration cannot be used.
  Route route(const std::vector<std::string>& words);
  // What a message was queued with, and this run's command line over it. Throws UsageError.
  Parsed parsed(const std::vector<std::string>& words) const;
  // The way that these options say.
  Route route(const Options& options);

 private:
  struct Pair {
    std::unique_ptr<SMTPRelay> relay, fallback;
    Route route() const { return {relay.get(), fallback.get()}; }
  };
  Pair make(const Options& options) const;
  std::vector<std::string> all_of(const std::vector<std::string>& words) const;

  std::vector<std::string> own_;
  Trace trace_;
  std::map<std::vector<std::string>, Pair> pairs_;
};

}  // namespace proto::sendmail
