#include "reference/protod/mailbox.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

#include "common/atomic_file.h"

namespace proto::protod {

namespace {

std::mutex mutex;
std::set<std::string>& in_use() {
  static std::set<std::string> paths;
  return paths;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.append(line).append("\r\n");
  }
  return out;
}

}  // namespace

std::unique_ptr<Mailbox> Mailbox::open(const std::string& maildir) {
  const std::string path = std::filesystem::weakly_canonical(maildir).string();
  {
    const std::lock_guard lock(mutex);
    if (!in_use().insert(path).second) return nullptr;
  }
  try {
    return std::unique_ptr<Mailbox>(new Mailbox(path));
  } catch (...) {
    const std::lock_guard lock(mutex);
    in_use().erase(path);
    throw;
  }
}

Mailbox::Mailbox(std::string maildir) : maildir_(std::move(maildir)) {
  for (const char* folder : {"new", "cur"}) {
    const auto path = std::filesystem::path(maildir_) / folder;
    if (!std::filesystem::exists(path)) continue;
    for (const auto& file : std::filesystem::directory_iterator(path)) {
      const std::string name = file.path().filename().string();
      if (name.starts_with('.') || !file.is_regular_file()) continue;
      entries_.push_back({file.path().string(), name.substr(0, name.find(':')), 0});
    }
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.uid < b.uid; });
  for (Entry& entry : entries_) entry.octets = text_of(entry).size();
}

Mailbox::~Mailbox() {
  const std::lock_guard lock(mutex);
  in_use().erase(maildir_);
}

std::string Mailbox::text_of(const Entry& entry) {
  return with_crlf(tools::read_file(entry.path));
}

bool Mailbox::remove_deleted() {
  bool all = true;
  for (const Entry& entry : entries_) {
    std::error_code error;
    if (entry.deleted && !std::filesystem::remove(entry.path, error)) all = false;
  }
  return all;
}

}  // namespace proto::protod
