// Transfers: every URL, one after the other or several at once, over one session.
#pragma once

#include <string>
#include <vector>

#include "httpget/options.h"
#include "httpget/output.h"
#include "httpget/progress.h"
#include "httpget/report.h"
#include "httpget/request.h"
#include "httpget/resume.h"
#include "httpget/segments.h"
#include "proto/http_session.h"

namespace proto::httpget {

class Transfers {
 public:
  // Throws what session_options() does.
  Transfers(const Options& options, const std::vector<URL>& urls);
  // Fetches all of them. The exit status: 0, or that of the last one that failed. What failed is
  // said on stderr.
  int run();

 private:
  int run_one(std::size_t index);
  int fetch(std::size_t index, Report& report, bool& in_body);
  int receive(SessionResponse& response, const std::string& heads, Target target,
              Segments* segments, Deadline deadline, Report& report);
  SessionResponse ask(const SessionRequest& request, const Resume& resume, Target& target,
                      Deadline deadline, bool& complete);
  bool begin_again(const NetworkError& why, const SessionRequest& request,
                   const SessionResponse& response, unsigned tries, Deadline deadline);
  int dry_run(const SessionRequest& request);
  void learn(const SessionResponse& response, const Target& target);
  void save_state();

  const Options& options_;
  const std::vector<URL>& urls_;
  SessionOptions session_options_;
  HTTPSession session_;
  Progress progress_;
  HeadDump dump_;
};

}  // namespace proto::httpget
