#include "httpget/transfer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <thread>

#include "base/characters.h"
#include "common/program.h"
#include "httpget/exit_status.h"
#include "httpget/request_body.h"
#include "httpget/session_setup.h"
#include "httpget/write_out.h"

namespace proto::httpget {

namespace {

using Clock = std::chrono::steady_clock;

// A reader that went away (head, less) has seen what it wanted.
void complain(const WriteError& error) {
  if (error.code() != EPIPE) tools::error_line(error.what());
}

// The body, or one of them, is for a file: one that an option names, or stdout is one.
bool goes_to_file(const Options& o) {
  struct stat status {};
  return !o.outputs.empty() || o.remote_name ||
         (::fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode));
}

}  // namespace

Transfers::Transfers(const Options& options, const std::vector<URL>& urls)
    : options_(options),
      urls_(urls),
      session_options_(session_options(options, urls)),
      session_(session_options_),
      progress_(!options.silent &&
                options.progress.value_or(goes_to_file(options) && ::isatty(STDERR_FILENO) == 1)),
      dump_(options.dump_header) {}

int Transfers::dry_run(const SessionRequest& request) {
  const std::string head = session_.dry_run(request);
  const auto lock = own_stdout();
  print(head);
  if (request.body) print_body(request.body());
  return kDone;
}

void Transfers::learn(const SessionResponse& response, const Target& target) {
  const auto etag = response.headers().get("ETag");
  if (!options_.etag_save.empty() && etag && response.status() / 100 == 2) {
    tools::AtomicFile file(options_.etag_save);
    file.write(std::string(*etag) + "\n");
    file.commit();
  }
  if (!options_.resume.empty() && target.path && response.status() / 100 == 2) {
    Resume::keep_validator(*target.path, response.headers());
  }
}

// The response to `request`, or where a part is there already, to the question for its rest.
SessionResponse Transfers::ask(const SessionRequest& request, const Resume& resume, Target& target,
                               Deadline deadline, bool& complete) {
  if (!resume.active()) return session_.request(request, deadline);
  SessionRequest rest = request;
  resume.ask(rest.headers);
  SessionResponse response = session_.request(rest, deadline);
  switch (resume.judge(response)) {
    case Resume::Verdict::append:
      target.append_at = target.path ? resume.offset() : 0;
      return response;
    case Resume::Verdict::complete:
      complete = true;
      return response;
    case Resume::Verdict::whole:
      return response;
    case Resume::Verdict::anew:
      break;
  }
  return session_.request(request, deadline);
}

int Transfers::receive(SessionResponse& response, const std::string& heads, Target target,
                       Segments* segments, Deadline deadline, Report& report) {
  take_name_from(response, options_, target);
  report.file_name = target.path.value_or("");
  Output output(options_, target, progress_, dump_, deadline);
  bool placed = false;
  try {
    placed = output.write(response, heads, segments);
  } catch (...) {
    report.size_download = response.delivered();
    throw;
  }
  report.size_download = response.delivered();
  if (segments != nullptr) {
    report.size_download += segments->received();
    report.connects += segments->connects();
  }
  report.size_header = output.head_bytes();
  learn(response, target);
  const std::string said = std::to_string(response.status()) + " " + response.reason();
  if (response.status() >= 400) {
    report.error = "the server refused: " + response.url().to_string() + ": " + said;
    tools::error_line(report.error);
    return kHttpError;
  }
  if (!placed && response.status() != 304) {
    report.error = "not written: " + *target.path + ": the server said " + said;
    tools::error_line(report.error);
    return kHttpError;
  }
  return kDone;
}

// A body for a file broke off where it cannot be gone on with: all of it, once more. Waits until it
// is time; false: there are no retries left, or no time.
bool Transfers::begin_again(const NetworkError& why, const SessionRequest& request,
                            const SessionResponse& response, unsigned tries, Deadline deadline) {
  const auto used =
      tries + static_cast<unsigned>(response.attempts().size()) - 1 - response.redirects();
  if (request.method != "GET" || response.status() / 100 != 2 || used >= options_.retries ||
      dynamic_cast<const CancelledError*>(&why) != nullptr)
    return false;
  const auto pause = options_.retry_delay ? milliseconds(*options_.retry_delay)
                                          : std::chrono::seconds(1) * (1U << std::min(used, 9U));
  const auto last = Deadline::after(session_options_.retry.max_time);
  const auto when = Clock::now() + pause;
  if (when >= earlier(deadline, last).when()) return false;
  if (session_options_.log) session_options_.log(std::string(why.what()) + "; beginning again");
  std::this_thread::sleep_until(when);
  return true;
}

int Transfers::fetch(std::size_t index, Report& report, bool& in_body) {
  const auto start = Clock::now();
  SessionRequest request = make_request(options_, urls_[index]);
  std::string heads;
  if (options_.include_head || options_.head_only || !options_.dump_header.empty()) {
    request.on_passed = [&heads](const HTTPResponse& passed) { heads += passed.head_text(); };
  }
  report.method = request.method;
  if (!options_.write_out.empty() && request.body)
    count_upload(request, report.size_upload, session_options_.login_for != nullptr);
  Target target = target_for(options_, request.url, index);
  report.file_name = target.path.value_or("");
  if (options_.dry_run) return dry_run(request);
  const Deadline deadline = Deadline::after(session_options_.http.connect.timeouts.total);
  // Heads have their own place, in front of the body.
  bool split = options_.segments > 1 && !request.on_passed;
  for (unsigned tries = 0;; ++tries) {
    heads.clear();
    const Resume resume(options_, target);
    Segments segments(options_, session_, request, deadline, progress_);
    SessionRequest first = request;
    if (split) first.canceller = segments.canceller();
    bool complete = false;
    SessionResponse response = [&] {
      try {
        return ask(first, resume, target, deadline, complete);
      } catch (const Error&) {
        report.size_header = heads.size();
        show_passed(options_, target, dump_, heads);
        throw;
      }
    }();
    in_body = true;
    fill_report(report, response, start);
    try {
      if (complete) {
        if (target.path) check_file(options_, *target.path);
        return kDone;
      }
      return receive(response, heads, target, split ? &segments : nullptr, deadline, report);
    } catch (const NotInSegmentsError&) {
      split = false;
      --tries;  // that was none: nothing failed yet
    } catch (const ResourceChangedError&) {
      // Fetched anew, as long as nothing of it has left this program.
      if (!target.path || tries >= options_.retries) throw;
    } catch (const NetworkError& e) {
      if (!target.path || !begin_again(e, request, response, tries, deadline)) throw;
    }
    target.append_at = 0;
    in_body = false;
  }
}

int Transfers::run_one(std::size_t index) {
  const auto start = Clock::now();
  Report report;
  report.url = urls_[index].to_string();
  report.url_effective = report.url;
  report.number = index;
  report.referer = options_.referer;
  bool in_body = false;
  std::string said;  // on stdout, when all is over
  int status = kDone;
  try {
    status = fetch(index, report, in_body);
  } catch (const WriteError& e) {
    progress_.clear();
    complain(e);
    report.error = e.what();
    status = kCannotWrite;
  } catch (const std::exception& e) {
    progress_.clear();
    report.error = message_of(e, urls_[index]);
    tools::error_line(report.error);
    status = exit_status_of(e, in_body);
    if (before_body(e, in_body)) report.size_upload = 0;
    if (const auto* tunnel = dynamic_cast<const TunnelError*>(&e)) {
      report.http_connect = tunnel->code();
      // As any other body of a status of 400 or above.
      if (!options_.fail) said = tunnel->text();
    }
  }
  report.exit_code = status;
  report.total = seconds_between(start, Clock::now());
  try {
    if (!options_.write_out.empty() && !options_.dry_run) {
      const WrittenOut out = write_out(options_.write_out, report);
      said += out.to_stdout;
      tools::print_to_stderr(out.to_stderr);
    }
    if (said.empty()) return status;
    const auto lock = own_stdout();
    print(said);
  } catch (const WriteError& e) {
    if (status == kDone) complain(e);
    return kCannotWrite;
  } catch (const ReadError& e) {
    tools::error_line(e.what());
    return kCannotRead;
  }
  return status;
}

// Each file by itself: one that cannot be written takes no other with it.
void Transfers::save_state() {
  std::exception_ptr first;
  const auto save = [&first](auto step) {
    try {
      step();
    } catch (const Error&) {
      if (!first) first = std::current_exception();
    }
  };
  save([this] {
    if (session_options_.cookies) save_cookies(options_, *session_options_.cookies);
  });
  save([this] {
    if (session_options_.hsts) save_hsts(options_, *session_options_.hsts);
  });
  save([this] { dump_.commit(); });
  if (first) std::rethrow_exception(first);
}

int Transfers::run() {
  int status = kDone;
  const std::size_t workers = options_.parallel ? std::min(options_.parallel_max, urls_.size()) : 1;
  if (workers <= 1) {
    for (std::size_t i = 0; i < urls_.size(); ++i) {
      const int one = run_one(i);
      if (one != kDone) status = one;
    }
  } else {
    std::atomic<std::size_t> next = 0;
    std::atomic<int> failed = kDone;
    std::vector<std::jthread> threads;
    for (std::size_t w = 0; w < workers; ++w) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < urls_.size(); i = next++) {
          const int one = run_one(i);
          if (one != kDone) failed = one;
        }
      });
    }
    threads.clear();
    status = failed;
  }
  progress_.clear();
  save_state();
  return status;
}

}  // namespace proto::httpget
