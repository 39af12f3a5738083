#include "support/memory_file_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <set>
#include <utility>

namespace proto::test {

using sendmail::FileInfo;

namespace {
constexpr std::size_t kSector = 512;
}

MemoryFileSystem::MemoryFileSystem() : root_(make(true, 0755)) {}

std::shared_ptr<MemoryFileSystem::Node> MemoryFileSystem::make(bool folder, unsigned mode) {
  auto node = std::make_shared<Node>();
  node->number = next_node_++;
  node->folder = folder;
  node->mode = mode;
  return node;
}

std::int64_t MemoryFileSystem::call(const std::string& what,
                                    const std::function<std::int64_t(bool half)>& act) {
  if (dead_) return -EIO;  // what runs while the killed process unwinds does nothing
  const int number = calls_++;
  log_.push_back(what);
  if (number == kill_at_) {
    if (when_ == When::halfway) act(true);
    if (when_ == When::after) act(false);
    dead_ = true;
    throw Killed();
  }
  if (number == fail_at_ || (fail_from_ >= 0 && number >= fail_from_)) return -code_;
  if (interrupt_each_ && !std::exchange(interrupted_, true)) return -EINTR;
  interrupted_ = false;
  return act(false);
}

void MemoryFileSystem::restart() {
  open_.clear();
  calls_ = 0;
  fail_at_ = fail_from_ = kill_at_ = -1;
  dead_ = false;
  log_.clear();
  const std::function<void(Node&)> unlock = [&](Node& node) {
    node.locked_by = -1;
    for (auto& [name, below] : node.names) unlock(*below);
  };
  unlock(*root_);
}

// The size is a choice of its own: a file may come back longer than its bytes, with zeros.
std::string MemoryFileSystem::torn(const Node& node, const std::function<bool()>& keep) {
  std::string after(keep() ? node.data.size() : node.synced_data.size(), '\0');
  for (std::size_t at = 0; at < after.size(); at += kSector) {
    const std::string& source = keep() ? node.data : node.synced_data;
    if (at >= source.size()) continue;
    const std::size_t size = std::min({kSector, source.size() - at, after.size() - at});
    after.replace(at, size, source, at, size);
  }
  return after;
}

void MemoryFileSystem::power_loss(const std::function<bool()>& keep) {
  std::set<std::shared_ptr<Node>> alive, kept;  // named before, and by what stays
  std::set<Node*> seen;
  const std::function<void(Node&)> add = [&](Node& node) {
    if (!seen.insert(&node).second) return;
    for (const auto& [name, below] : node.names) {
      alive.insert(below);
      const auto synced = node.synced_names.find(name);
      const bool old = synced != node.synced_names.end() && synced->second == below;
      if (old || keep()) kept.insert(node.synced_names[name] = below);
      add(*below);
    }
  };
  add(*root_);
  seen.clear();
  const std::function<void(Node&)> settle = [&](Node& node) {
    if (!seen.insert(&node).second) return;
    std::erase_if(node.synced_names, [&](const auto& entry) {
      const bool removed = !node.names.contains(entry.first);
      const bool renamed = alive.contains(entry.second) && !kept.contains(entry.second);
      return removed && !renamed && keep();
    });
    node.names = node.synced_names;
    if (node.data != node.synced_data) node.data = node.synced_data = torn(node, keep);
    for (auto& [name, below] : node.names) settle(*below);
  };
  settle(*root_);
  restart();
}

std::shared_ptr<MemoryFileSystem::Node> MemoryFileSystem::folder_at(int folder,
                                                                    const std::string& name,
                                                                    std::string& leaf) {
  std::shared_ptr<Node> node = folder == AT_FDCWD ? root_ : open_.at(folder);
  std::size_t begin = 0;
  for (;;) {
    const std::size_t slash = name.find('/', begin);
    if (slash == std::string::npos) break;
    const std::string part = name.substr(begin, slash - begin);
    begin = slash + 1;
    if (part.empty()) continue;
    const auto next = node->names.find(part);
    if (next == node->names.end() || !next->second->folder) return nullptr;
    node = next->second;
  }
  leaf = name.substr(begin);
  return node;
}

std::shared_ptr<MemoryFileSystem::Node> MemoryFileSystem::find(int folder,
                                                               const std::string& name) {
  std::string leaf;
  const auto parent = folder_at(folder, name, leaf);
  if (!parent || leaf.empty() || leaf == ".") return parent;
  const auto at = parent->names.find(leaf);
  return at == parent->names.end() ? nullptr : at->second;
}

unsigned MemoryFileSystem::links(const std::shared_ptr<Node>& node) const {
  const std::function<unsigned(const Node&)> count = [&](const Node& folder) {
    unsigned found = 0;
    for (const auto& [name, below] : folder.names)
      found += (below == node ? 1U : 0U) + (below->folder ? count(*below) : 0U);
    return found;
  };
  return count(*root_);
}

int MemoryFileSystem::openat(int folder, const std::string& name, int flags, unsigned mode) {
  return static_cast<int>(call("openat " + name, [&](bool) -> std::int64_t {
    std::string leaf;
    const auto parent = folder_at(folder, name, leaf);
    if (!parent) return -ENOENT;
    auto node = find(folder, name);
    if (node && (flags & O_EXCL) != 0) return -EEXIST;
    if (!node && (flags & O_CREAT) == 0) return -ENOENT;
    if (!node) node = parent->names[leaf] = make(false, mode);
    if ((flags & O_TRUNC) != 0) node->data.clear();
    open_[next_fd_] = node;
    return next_fd_++;
  }));
}

void MemoryFileSystem::close(int fd) {
  const auto at = open_.find(fd);
  if (at == open_.end()) return;
  if (at->second->locked_by == fd) at->second->locked_by = -1;
  open_.erase(at);
}

int MemoryFileSystem::mkdirat(int folder, const std::string& name, unsigned mode) {
  return static_cast<int>(call("mkdirat " + name, [&](bool) -> std::int64_t {
    std::string leaf;
    const auto parent = folder_at(folder, name, leaf);
    if (!parent) return -ENOENT;
    if (parent->names.contains(leaf)) return -EEXIST;
    parent->names[leaf] = make(true, mode);
    return 0;
  }));
}

int MemoryFileSystem::renameat(int from, const std::string& old_name, int to,
                               const std::string& new_name) {
  return static_cast<int>(call("renameat " + old_name, [&](bool) -> std::int64_t {
    Names& source = open_.at(from)->names;
    Names& target = open_.at(to)->names;
    const auto at = source.find(old_name);
    if (at == source.end()) return -ENOENT;
    const auto there = target.find(new_name);
    if (there != target.end() && there->second == at->second) return 0;  // POSIX: does nothing
    target[new_name] = at->second;
    source.erase(old_name);
    return 0;
  }));
}

int MemoryFileSystem::unlinkat(int folder, const std::string& name) {
  return static_cast<int>(call("unlinkat " + name, [&](bool) -> std::int64_t {
    return open_.at(folder)->names.erase(name) == 1 ? 0 : -ENOENT;
  }));
}

int MemoryFileSystem::fstat(int fd, FileInfo& into) {
  return static_cast<int>(call("fstat", [&](bool) -> std::int64_t {
    const auto& node = open_.at(fd);
    into = {node->number, node->data.size(), links(node), node->mode, ::geteuid()};
    return 0;
  }));
}

int MemoryFileSystem::fstatat(int folder, const std::string& name, FileInfo& into) {
  return static_cast<int>(call("fstatat " + name, [&](bool) -> std::int64_t {
    const auto node = find(folder, name);
    if (!node) return -ENOENT;
    into = {node->number, node->data.size(), links(node), node->mode, ::geteuid()};
    return 0;
  }));
}

int MemoryFileSystem::flock(int fd) {
  return static_cast<int>(call("flock", [&](bool) -> std::int64_t {
    auto& node = open_.at(fd);
    if (node->locked_by >= 0 && node->locked_by != fd) return -EWOULDBLOCK;
    node->locked_by = fd;
    return 0;
  }));
}

int MemoryFileSystem::fsync(int fd) {
  return static_cast<int>(call("fsync", [&](bool) -> std::int64_t {
    auto& node = open_.at(fd);
    node->synced_data = node->data;
    node->synced_names = node->names;
    return 0;
  }));
}

std::int64_t MemoryFileSystem::pread(int fd, std::span<char> into, std::uint64_t offset) {
  return call("pread", [&](bool) -> std::int64_t {
    const std::string& data = open_.at(fd)->data;
    if (offset >= data.size()) return 0;
    return static_cast<std::int64_t>(data.copy(into.data(), into.size(), offset));
  });
}

std::int64_t MemoryFileSystem::pwrite(int fd, std::string_view data, std::uint64_t offset) {
  return call("pwrite", [&](bool half) -> std::int64_t {
    std::size_t size = half ? data.size() / 2 : short_writes_ ? 1 : data.size();
    std::string& into = open_.at(fd)->data;
    const std::size_t grown = std::max<std::size_t>(into.size(), offset + size) - into.size();
    if (room_ && grown > *room_) {
      size = std::max<std::size_t>(size - (grown - *room_), 0);
      if (size == 0 || size > data.size()) return -ENOSPC;
    }
    if (room_) *room_ -= std::min<std::uint64_t>(*room_, grown);
    if (into.size() < offset + size) into.resize(offset + size, '\0');
    into.replace(offset, size, data.substr(0, size));
    return static_cast<std::int64_t>(size);
  });
}

int MemoryFileSystem::list(int folder, std::vector<std::string>& into) {
  return static_cast<int>(call("list", [&](bool) -> std::int64_t {
    for (const auto& [name, below] : open_.at(folder)->names) into.push_back(name);
    return 0;
  }));
}

std::vector<std::function<bool()>> power_losses() {
  std::vector<std::function<bool()>> losses = {[] { return false; }, [] { return true; }};
  for (unsigned seed = 1; seed <= 12; ++seed)
    losses.emplace_back(
        [random = std::minstd_rand(seed)]() mutable { return (random() >> 8) % 2; });
  return losses;
}

}  // namespace proto::test
