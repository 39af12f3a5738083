#include "httpget/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/base64.h"
#include "base/characters.h"
#include "httpget/resume.h"
#include "wire/response_fields.h"

namespace proto::httpget {

namespace {

// One body at a time on stdout, however many transfers run.
std::mutex stdout_mutex;

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      throw WriteError("cannot write: " + std::generic_category().message(errno), errno);
    }
  }
}

bool is_success(int status) {
  return status >= 200 && status <= 299;
}

}  // namespace

void print(std::string_view text) {
  std::string shown;
  if (::isatty(STDOUT_FILENO) == 1) {
    tools::TerminalText terminal;
    shown = terminal.feed(text) + terminal.finish();
    text = shown;
  }
  write_all(STDOUT_FILENO, text);
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
        throw URLError("--remote-name: no file name at the end of " + url.to_string());
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

DigestCheck::DigestCheck(const Options& o, const SessionResponse& response) {
  if (!is_success(response.status())) return;
  if (!o.sha256.empty()) {
    wanted_.push_back({"--sha256", *hex_decode(o.sha256), Digest(DigestAlgorithm::sha256)});
  }
  // Both fields are about coded bytes; a part of a representation has no digest of the whole.
  const bool decoded = o.compressed && response.headers().contains("Content-Encoding");
  const std::pair<const char*, bool> fields[] = {
      {"Content-Digest", !decoded}, {"Repr-Digest", !decoded && response.status() == 200}};
  for (const auto& [name, applies] : fields) {
    const auto value = response.headers().get(name);
    if (!applies || !value || o.head_only) continue;
    if (const auto digest = parse_digest_field(*value)) {
      wanted_.push_back({name, digest->bytes, Digest(digest->algorithm)});
    }
  }
}

void DigestCheck::update(std::string_view data) {
  for (Wanted& w : wanted_) w.digest.update(data);
}

void DigestCheck::finish() {
  for (Wanted& w : wanted_) {
    const std::string got = w.digest.finish();
    if (got != w.bytes) {
      throw DigestError("what arrived has the digest " + hex_encode(got) + ", not that of " +
                        w.name + ", " + hex_encode(w.bytes));
    }
  }
}

Output::Output(const Options& options, Target target, Progress& progress, Deadline deadline)
    : options_(options), target_(std::move(target)), progress_(progress), deadline_(deadline) {}

void Output::write_head(const SessionResponse& response) {
  const std::string head = response.response().head_text();
  head_bytes_ = head.size();
  if (!options_.dump_header.empty() && options_.dump_header != "-") {
    tools::AtomicFile file(options_.dump_header);
    file.write(head);
    file.commit();
  } else if (options_.dump_header == "-") {
    print(head);
  }
  if (options_.include_head || options_.head_only) print(head);
}

void Output::write_to_terminal(SessionResponse& response) {
  RateLimit rate(options_.limit_rate);
  DigestCheck digests(options_, response);
  tools::TerminalText terminal;
  refuse_large(response);
  for (std::string_view piece = response.read_view(); !piece.empty();
       piece = response.read_view()) {
    refuse_large(response);
    digests.update(piece);
    write_all(STDOUT_FILENO, terminal.feed(piece));
    rate.took(piece.size(), deadline_);
  }
  write_all(STDOUT_FILENO, terminal.finish());
  digests.finish();
}

void Output::refuse_large(const SessionResponse& response) const {
  const auto total = response.content_length();
  if (total && *total > options_.max_filesize) {
    throw TooLargeError("the body has " + std::to_string(*total) +
                        " bytes, more than --max-filesize allows");
  }
  // Decoded, where it is decoded.
  if (response.delivered() > options_.max_filesize) {
    throw TooLargeError("the body is larger than " + std::to_string(options_.max_filesize) +
                        " bytes");
  }
}

void Output::write_body(SessionResponse& response, int fd, bool to_file) {
  if (!to_file && ::isatty(fd) == 1) return write_to_terminal(response);
  RateLimit rate(options_.limit_rate);
  DigestCheck digests(options_, response);
  refuse_large(response);
  if (to_file) progress_.begin(response.content_length());
  const std::uint64_t quantum =
      std::min(rate.quantum(), std::max<std::uint64_t>(1, options_.max_filesize));
  for (;;) {
    std::uint64_t n = 0;
    if (digests.active()) {
      const std::string_view piece = response.read_view();
      digests.update(piece);
      write_all(fd, piece);
      n = piece.size();
    } else {
      n = response.read_to_fd(fd, quantum);
    }
    if (n == 0) break;
    refuse_large(response);
    if (to_file) progress_.add(n);
    rate.took(n, deadline_);
    if (deadline_.expired())
      throw TimeoutError("receiving: out of time", ETIMEDOUT, Phase::receive);
  }
  digests.finish();
}

// -C: behind what is there already. Each byte of it is of the same resource, so what comes before a
// failure may stay.
void Output::append(SessionResponse& response) {
  const int fd = ::open(target_.path->c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) throw WriteError("cannot write", errno);
  const std::unique_ptr<const int, void (*)(const int*)> owner(&fd,
                                                               [](const int* f) { ::close(*f); });
  if (::lseek(fd, static_cast<off_t>(target_.append_at), SEEK_SET) < 0)
    throw WriteError("cannot write", errno);
  write_body(response, fd, true);
  if (::fsync(fd) != 0) throw WriteError("cannot write", errno);
}

// What is checked over the whole is checked before and behind it.
void Output::write_segments(SessionResponse& response, Segments& segments,
                            const tools::AtomicFile& file) {
  refuse_large(response);
  DigestCheck digests(options_, response);
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

bool Output::write(SessionResponse& response, Segments* segments) {
  std::unique_lock<std::mutex> one_at_a_time(stdout_mutex, std::defer_lock);
  const bool success = is_success(response.status());
  const bool to_file = success && target_.path && !options_.head_only;
  if (!to_file) one_at_a_time.lock();
  try {
    write_head(response);
    if (options_.head_only) {
      response.read();
    } else if (to_file && target_.append_at > 0) {
      append(response);
    } else if (to_file) {
      tools::AtomicFile file(*target_.path);
      try {
        if (segments != nullptr && file.is_atomic() && segments->fit(response)) {
          write_segments(response, *segments, file);
        } else {
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
    } else if (response.status() >= 400 && options_.fail) {
      while (!response.read_view().empty()) {
      }
    } else {
      write_body(response, STDOUT_FILENO, false);
    }
  } catch (const WriteError& e) {
    const std::string why = std::generic_category().message(e.code());
    throw WriteError(
        "cannot write to " + (to_file ? escaped(*target_.path) : "stdout") + ": " + why, e.code());
  }
  return success || !target_.path;
}

}  // namespace proto::httpget
