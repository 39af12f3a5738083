#include "popsubjects/report.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/base64.h"
#include "base/crypto.h"
#include "common/program.h"

namespace proto::tools {

namespace {

void put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) throw OutputError(errno);
}

void flush() {
  errno = EIO;  // where an earlier write has failed
  if (!flush_stdout()) throw OutputError(errno);
}

// Prints messages, one after the other.
class Report {
 public:
  Report(const PopOptions& options, Mailbox& mailbox)
      : options_(options),
        mailbox_(mailbox),
        wanted_(options.json ? kAllOfIt : options.format.wanted()),
        ascii_(options.json && ::isatty(STDOUT_FILENO) == 1) {}

  void heading() const {
    if (options_.json) return;
    const auto [count, octets] = mailbox_.stat();
    put("Number of messages " + std::to_string(count) + "\nMailbox size " + std::to_string(octets) +
        "\n\n");
  }

  // Asks beforehand for what is not in a header.
  void prepare() const {
    if (wanted_.size) mailbox_.sizes();
    if (wanted_.uid) mailbox_.uids();
  }

  void message(const Header& header) const {
    Summary summary = header.error.empty() ? summarize(header.text, wanted_) : Summary();
    if (!header.error.empty())
      summary.error = "message " + std::to_string(header.number) + ": " + header.error;
    complete(summary, header.number);
  }

  void messages(POP3Numbers numbers, const std::function<void(const Header&)>& also = {}) const {
    const Wanted& w = wanted_;
    prepare();
    if (w.subject || w.from || w.to || w.date || w.message_id) {
      mailbox_.fetch(numbers, [&](const Header& header) {
        message(header);
        if (also) also(header);
      });
    } else {
      for (std::uint64_t i = 0; i < numbers.size(); ++i) complete(Summary(), numbers[i]);
    }
  }

 private:
  void complete(Summary summary, std::uint32_t number) const {
    summary.number = number;
    if (wanted_.size && number < mailbox_.sizes().size()) summary.size = mailbox_.sizes()[number];
    if (wanted_.uid && number < mailbox_.uids().size()) summary.uid = mailbox_.uids()[number];
    put(options_.json ? to_json(summary, ascii_) : options_.format.print(summary));
  }

  const PopOptions& options_;
  Mailbox& mailbox_;
  Wanted wanted_;
  bool ascii_;
};

// A header's digest in the place of a unique id; the second of two equal ones is another message.
class Digests {
 public:
  std::string id_of(const Header& header) {
    std::string id = "sha256:" + hex_encode(digest(DigestAlgorithm::sha256, header.text));
    const int nth = ++times_[id];
    return nth == 1 ? id : id + '#' + std::to_string(nth);
  }

 private:
  std::unordered_map<std::string, int> times_;
};

// What tells messages apart in the state: by number, the first at 1. Empty for one that could not
// be had.
std::vector<std::string> identities(Mailbox& mailbox) {
  const std::uint32_t count = mailbox.stat().count;
  if (count == 0) return {""};
  if (const auto& uids = mailbox.uids(); !uids.empty()) return uids;
  std::vector<std::string> ids{""};
  Digests digests;
  mailbox.fetch({1, count}, [&](const Header& header) {
    ids.push_back(header.error.empty() ? digests.id_of(header) : "");
  });
  return ids;
}

std::vector<std::uint32_t> select(const PopOptions& options, std::vector<std::uint32_t> numbers) {
  if (options.limit && numbers.size() > *options.limit)
    numbers.erase(numbers.begin(), numbers.end() - static_cast<std::ptrdiff_t>(*options.limit));
  if (options.reverse) std::reverse(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

OutputError::OutputError(int code)
    : std::runtime_error("cannot write to stdout: " + std::generic_category().message(code)),
      code_(code) {}

bool OutputError::nobody_reads() const noexcept {
  return code_ == EPIPE || code_ == EBADF;
}

int report_all(const PopOptions& options, Mailbox& mailbox) {
  const std::uint32_t count = mailbox.stat().count;
  if (options.count && !options.quiet) put(std::to_string(count) + '\n');
  if (!options.count && !options.quiet) {
    const Report report(options, mailbox);
    report.heading();
    const std::uint32_t first =
        options.limit && count > *options.limit ? count - *options.limit + 1 : 1;
    report.messages(options.reverse ? POP3Numbers(count, first) : POP3Numbers(first, count));
  }
  flush();
  return 0;
}

int report_new(const PopOptions& options, Mailbox& mailbox, Seen& seen) {
  const auto ids = identities(mailbox);
  std::vector<std::string> keep;  // seen before, and still there
  std::vector<std::uint32_t> fresh;
  for (std::uint32_t number = 1; number < ids.size(); ++number) {
    if (seen.contains(ids[number])) {
      keep.push_back(ids[number]);
    } else {
      fresh.push_back(number);
    }
  }
  if (options.baseline) {
    for (const std::uint32_t number : fresh) keep.push_back(ids[number]);
    std::erase(keep, "");
    seen.replace(keep);
    return 0;
  }
  if (options.count && !options.quiet) {
    put(std::to_string(fresh.size()) + '\n');
  } else if (!options.count && !options.quiet && !fresh.empty()) {
    const Report report(options, mailbox);
    report.heading();
    const auto numbers = select(options, fresh);
    std::unordered_set<std::uint32_t> again;  // not to be had now, but maybe next time
    report.messages(numbers, [&](const Header& header) {
      if (header.temporary) again.insert(header.number);
    });
    for (const std::uint32_t number : numbers) {
      if (!ids[number].empty() && !again.contains(number)) keep.push_back(ids[number]);
    }
  }
  flush();
  if (!options.count && !options.quiet) seen.replace(keep);
  return fresh.empty() ? 1 : 0;
}

}  // namespace proto::tools
