#include "httpget/output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <thread>

#include "base/characters.h"
#include "common/program.h"
#include "httpget/exit_status.h"

namespace proto::httpget {

namespace {

constexpr std::uint64_t kPiece = 1024 * 1024;

std::string human(double bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text;
}

}  // namespace

void Progress::update(std::uint64_t received, std::optional<std::uint64_t> total) {
  if (!shown_) return;
  const auto now = Clock::now();
  if (now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  const double seconds = std::max(0.001, std::chrono::duration<double>(now - start_).count());
  const double rate = static_cast<double>(received) / seconds;
  std::string line = "\r" + human(static_cast<double>(received));
  if (total && *total > 0) {
    const double left =
        static_cast<double>(*total - std::min(*total, received)) / std::max(rate, 1.0);
    char text[64];
    std::snprintf(text, sizeof text, " of %s, %.0f %%, %.0f s left",
                  human(static_cast<double>(*total)).c_str(),
                  100.0 * static_cast<double>(received) / static_cast<double>(*total), left);
    line += text;
  }
  line += ", " + human(rate) + "/s\x1b[K";
  drawn_ = ::write(STDERR_FILENO, line.data(), line.size()) > 0 || drawn_;
}

void Progress::finish() {
  if (drawn_) drawn_ = ::write(STDERR_FILENO, "\r\x1b[K", 4) < 0;
}

std::uint64_t RateLimit::quantum() const noexcept {
  return rate_ == 0 ? kPiece : std::clamp<std::uint64_t>(rate_ / 10, 1, kPiece);
}

void RateLimit::took(std::uint64_t size, Deadline deadline) {
  if (rate_ == 0) return;
  total_ += size;
  const auto due =
      start_ +
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          std::chrono::duration<double>(static_cast<double>(total_) / static_cast<double>(rate_)));
  std::this_thread::sleep_until(std::min(due, deadline.when()));
}

std::optional<std::string> output_path(const Options& o, const URL& url, std::size_t index) {
  std::string name;
  if (index < o.outputs.size()) {
    name = o.outputs[index];
    if (name == "-") return std::nullopt;
  } else if (o.remote_name) {
    name = url.path().substr(url.path().rfind('/') + 1);
    if (name.empty() || name == "." || name == "..") {
      throw URLError("--remote-name: no file name at the end of " + url.to_string());
    }
  } else {
    return std::nullopt;
  }
  return o.output_dir.empty() ? name : o.output_dir + "/" + name;
}

Output::Output(const Options& options, std::optional<std::string> path)
    : options_(options), path_(std::move(path)) {}

void Output::print(std::string_view text) {
  std::string shown;
  if (::isatty(STDOUT_FILENO) == 1) {
    tools::TerminalText terminal;
    shown = terminal.feed(text) + terminal.finish();
    text = shown;
  }
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      throw WriteError("cannot write to stdout: " + std::generic_category().message(errno), errno);
    }
  }
}

void Output::write_head(const HTTPResponse& response) {
  const std::string head = response.head_text();
  if (!options_.dump_header.empty() && options_.dump_header != "-") {
    tools::AtomicFile file(options_.dump_header);
    file.write(head);
    file.commit();
  } else if (options_.dump_header == "-") {
    print(head);
  }
  if (options_.include_head || options_.head_only) print(head);
}

void Output::write_body(HTTPResponse& response, int fd, bool to_file, Deadline deadline) {
  Progress progress(!options_.silent &&
                    options_.progress.value_or(to_file && ::isatty(STDERR_FILENO) == 1));
  RateLimit rate(options_.limit_rate);
  const auto total = response.content_length();
  const auto check_size = [&] {
    if (response.received() > options_.max_filesize) {
      throw TooLargeError("the body is larger than " + std::to_string(options_.max_filesize) +
                          " bytes");
    }
  };
  if (total && *total > options_.max_filesize) {
    throw TooLargeError("the body has " + std::to_string(*total) +
                        " bytes, more than --max-filesize allows");
  }
  const std::uint64_t quantum =
      std::min(rate.quantum(), std::max<std::uint64_t>(1, options_.max_filesize));
  if (!to_file && ::isatty(fd) == 1) {
    tools::TerminalText terminal;
    for (std::string_view piece = response.read_view(); !piece.empty();
         piece = response.read_view()) {
      check_size();
      const std::string shown = terminal.feed(piece);
      for (std::size_t at = 0; at < shown.size();) {
        const ssize_t n = ::write(fd, shown.data() + at, shown.size() - at);
        if (n < 0 && errno != EINTR)
          throw WriteError(std::generic_category().message(errno), errno);
        at += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
      }
      rate.took(piece.size(), deadline);
    }
    print(terminal.finish());
    return;
  }
  while (const std::uint64_t n = response.read_to_fd(fd, quantum)) {
    check_size();
    progress.update(response.received(), total);
    rate.took(n, deadline);
    if (deadline.expired()) throw TimeoutError("receiving: out of time", ETIMEDOUT, Phase::receive);
  }
  progress.finish();
}

bool Output::write(HTTPResponse& response, Deadline deadline) {
  write_head(response);
  const bool success = response.status() >= 200 && response.status() <= 299;
  try {
    if (options_.head_only) {
      response.read();
    } else if (success && path_) {
      tools::AtomicFile file(*path_);
      write_body(response, file.fd(), true, deadline);
      file.commit();
    } else if (response.status() >= 400 && options_.fail) {
      response.read_to([](std::string_view) {});
    } else {
      write_body(response, STDOUT_FILENO, false, deadline);
    }
  } catch (const WriteError& e) {
    const std::string why = std::generic_category().message(e.code());
    throw WriteError(
        "cannot write to " + (success && path_ ? escaped(*path_) : "stdout") + ": " + why,
        e.code());
  }
  return success || !path_;
}

}  // namespace proto::httpget
