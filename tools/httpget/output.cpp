#include "httpget/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/characters.h"
#include "httpget/resume.h"
#include "net/write_fd.h"
#include "wire/response_fields.h"

namespace proto::httpget {

namespace {

// One body at a time on stdout, however many transfers run.
std::mutex stdout_mutex;

// Runs `write`; what is refused is said to be about `where`.
template <typename F>
void writing_to(const std::string& where, F write) {
  try {
    write();
  } catch (const WriteError& e) {
    throw WriteError("cannot write to " + where + ": " + std::generic_category().message(e.code()),
                     e.code());
  }
}

bool is_success(int status) {
  return status >= 200 && status <= 299;
}

}  // namespace

std::unique_lock<std::mutex> own_stdout() {
  return std::unique_lock(stdout_mutex);
}

void print(std::string_view text) {
  if (text.empty()) return;
  std::string shown;
  if (::isatty(STDOUT_FILENO) == 1) {
    tools::TerminalText terminal;
    shown = terminal.feed(text) + terminal.finish();
    text = shown;
  }
  writing_to("stdout", [text] { write_to_fd(STDOUT_FILENO, text); });
}

void print_body(const Body& body) {
  if (!body.source()) return print(body.bytes());
  std::string buffer(std::size_t{64} * 1024, '\0');
  char size[24];
  while (const std::size_t n = body.source()(buffer)) {
    std::snprintf(size, sizeof size, "%zx\r\n", n);
    if (!body.length()) print(size);
    print(std::string_view(buffer).substr(0, n));
    if (!body.length()) print("\r\n");
  }
  if (!body.length()) print("0\r\n\r\n");
}

Target target_for(const Options& o, const URL& url, std::size_t index) {
  Target target;
  std::string name;
  if (index < o.outputs.size()) {
    name = o.outputs[index];
    if (name == "-") return target;
  } else if (o.remote_name) {
    name = url.path().substr(url.path().rfind('/') + 1);
    if (name.empty() || name == "." || name == "..") {
      if (!o.header_name)
        throw WriteError("--remote-name: no file name at the end of " + url.to_string(), 0);
      name = "index.html";
    }
  } else {
    return target;
  }
  target.path = o.output_dir.empty() ? name : o.output_dir + "/" + name;
  return target;
}

void take_name_from(const SessionResponse& response, const Options& o, Target& target) {
  if (!o.header_name || !target.path) return;
  target.replace = false;
  const auto field = response.headers().get("Content-Disposition");
  const auto name = field ? disposition_file_name(*field) : std::nullopt;
  if (name) target.path = o.output_dir.empty() ? *name : o.output_dir + "/" + *name;
}

void HeadDump::add(std::string_view heads) {
  if (path_.empty()) return;
  if (path_ == "-") return print(heads);
  const std::lock_guard lock(mutex_);
  if (!file_) file_ = std::make_unique<tools::AtomicFile>(path_);
  file_->write(heads);
}

void HeadDump::commit() {
  if (file_) file_->commit();
}

Output::Output(const Options& options, Target target, Progress& progress, HeadDump& dump,
               Deadline deadline)
    : options_(options),
      target_(std::move(target)),
      progress_(progress),
      dump_(dump),
      deadline_(deadline) {}

std::string Output::too_large(const SessionResponse& response) const {
  return "too large a body: " + response.url().to_string() + ": more than --max-filesize " +
         std::to_string(options_.max_filesize);
}

Begun Output::begun() const {
  if (target_.append_at == 0) return {};
  return {*target_.path, target_.append_at};
}

void Output::refuse_large(const SessionResponse& response) const {
  const auto total = response.content_length();
  if (total && *total > options_.max_filesize) throw TooLargeError(too_large(response));
}

void Output::write_body(SessionResponse& response, int fd, bool to_file) {
  const bool to_terminal = !to_file && ::isatty(fd) == 1;
  refuse_large(response);
  if (!to_terminal) progress_.begin(response.content_length());
  RateLimit rate(options_.limit_rate);
  DigestCheck digests(options_, response, begun());
  tools::TerminalText terminal;
  // What is looked at, and what a decoder gives, passes through here; the rest need not.
  const bool viewed = to_terminal || digests.active() || options_.compressed;
  for (;;) {
    const std::uint64_t left = options_.max_filesize - response.delivered();
    std::uint64_t n = 0;
    if (viewed || left == 0) {
      const std::string_view piece = response.read_view();
      if (piece.size() > left) throw TooLargeError(too_large(response));
      digests.update(piece);
      write_to_fd(fd, to_terminal ? terminal.feed(piece) : piece);
      n = piece.size();
    } else {
      n = response.read_to_fd(fd, std::min(rate.quantum(), left));
    }
    if (n == 0) break;
    if (!to_terminal) progress_.add(n);
    rate.took(n, deadline_, response.peer());
  }
  write_to_fd(fd, terminal.finish());
  digests.finish();
}

// -C: behind what is there already. Each byte of it is of the same resource, so what comes before a
// failure may stay; but not where the whole turns out to be wrong.
void Output::append(SessionResponse& response) {
  const int fd = ::open(target_.path->c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) throw WriteError("cannot write", errno);
  const std::unique_ptr<const int, void (*)(const int*)> owner(&fd,
                                                               [](const int* f) { ::close(*f); });
  const auto begun = static_cast<off_t>(target_.append_at);
  if (::lseek(fd, begun, SEEK_SET) < 0) throw WriteError("cannot write", errno);
  try {
    append_to(fd, response);
  } catch (const NetworkError&) {
    Resume::keep_validator(*target_.path, response.headers());
    throw;
  } catch (const DigestError&) {
    if (::ftruncate(fd, begun) != 0) throw WriteError("cannot write", errno);
    throw;
  }
}

void Output::append_to(int fd, SessionResponse& response) {
  write_body(response, fd, true);
  // An offset before the end: what stood behind the whole is no part of it.
  const auto end = static_cast<off_t>(target_.append_at + response.delivered());
  if (::ftruncate(fd, end) != 0 || ::fsync(fd) != 0) throw WriteError("cannot write", errno);
}

// What is checked over the whole is checked before and behind it.
void Output::write_segments(SessionResponse& response, Segments& segments,
                            const tools::AtomicFile& file) {
  refuse_large(response);
  DigestCheck digests(options_, response, begun());
  progress_.begin(response.content_length());
  segments.write(response, file);
  if (!digests.active()) return;
  std::string buffer(std::size_t{1} << 20, '\0');
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(file.fd(), buffer.data(), buffer.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw WriteError("cannot read back", errno);
    if (n == 0) break;
    digests.update({buffer.data(), static_cast<std::size_t>(n)});
    at += n;
  }
  digests.finish();
}

void Output::write_file(SessionResponse& response, std::string_view heads, Segments* segments) {
  tools::AtomicFile file(*target_.path);
  file.write(heads);
  try {
    if (segments != nullptr && file.is_atomic() && segments->fit(response)) {
      write_segments(response, *segments, file);
    } else if (!options_.head_only) {
      write_body(response, file.fd(), true);
    }
  } catch (const NetworkError&) {
    // Who asks to go on with a file keeps what there is of it.
    if (!options_.resume.empty() && response.delivered() > 0) {
      file.commit(target_.replace);
      Resume::keep_validator(*target_.path, response.headers());
    }
    throw;
  }
  file.commit(target_.replace);
}

bool Output::write(SessionResponse& response, const std::string& before, Segments* segments) {
  std::unique_lock<std::mutex> one_at_a_time(stdout_mutex, std::defer_lock);
  const bool success = is_success(response.status());
  const bool to_file = success && target_.path;
  const std::string heads = before + response.response().head_text();
  const std::string_view shown =
      options_.include_head || options_.head_only ? heads : std::string_view();
  head_bytes_ = heads.size();
  if (!to_file || options_.dump_header == "-") one_at_a_time.lock();
  dump_.add(heads);
  if (to_file) {
    if (one_at_a_time.owns_lock()) one_at_a_time.unlock();
    writing_to(escaped(*target_.path), [&] {
      target_.append_at > 0 ? append(response) : write_file(response, shown, segments);
    });
    return true;
  }
  print(shown);
  if (options_.head_only) return !target_.path;
  if (response.status() >= 400 && options_.fail) {
    // A little of it is cheaper than a new connection.
    constexpr std::uint64_t kMaxDiscarded = 64 * 1024;
    while (response.received() < kMaxDiscarded && !response.read_view().empty()) {
    }
  } else {
    writing_to("stdout", [&] { write_body(response, STDOUT_FILENO, false); });
  }
  return success || !target_.path;
}

void show_passed(const Options& options, const Target& target, HeadDump& dump,
                 std::string_view heads) {
  if (heads.empty()) return;
  const auto lock = own_stdout();
  dump.add(heads);
  if (!target.path && (options.include_head || options.head_only)) print(heads);
}

}  // namespace proto::httpget
