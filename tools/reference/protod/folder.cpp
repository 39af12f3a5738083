#include "reference/protod/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "base/characters.h"
#include "proto/error.h"
#include "proto/url.h"

namespace proto::protod {

namespace {

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      modified_(other.modified_),
      tag_(std::move(other.tag_)) {}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

std::size_t File::read(std::uint64_t offset, char* into, std::size_t size) const {
  for (;;) {
    const ssize_t n = ::pread(fd_, into, size, static_cast<off_t>(offset));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR)
      throw ReadError("cannot read: " + std::generic_category().message(errno), errno);
  }
}

Folder::Folder(const std::string& path)
    : fd_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (fd_ < 0) {
    throw ReadError("cannot serve " + escaped(path) + ": " + std::generic_category().message(errno),
                    errno);
  }
}

Folder::~Folder() {
  ::close(fd_);
}

// The kernel holds every step of the path inside the folder, links included (openat2).
int Folder::open_beneath(const std::string& path, int flags) const {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  if ((flags & O_PATH) == 0)
    how.flags |= O_NONBLOCK | O_NOCTTY;  // a FIFO or a terminal must not hold us
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(
      ::syscall(SYS_openat2, fd_, path.empty() ? "." : path.c_str(), &how, sizeof how));
}

Folder::Kind Folder::kind_of(const std::string& path) const {
  const int fd = open_beneath(path, O_PATH);
  if (fd < 0) return Kind::none;
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  ::close(fd);
  if (known && S_ISDIR(status.st_mode)) return Kind::folder;
  return known && S_ISREG(status.st_mode) ? Kind::file : Kind::none;
}

std::optional<File> Folder::open(const std::string& path) const {
  const int fd = open_beneath(path, O_RDONLY);
  if (fd < 0) return std::nullopt;
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    return std::nullopt;
  }
  char tag[80];
  std::snprintf(tag, sizeof tag, "\"%llx-%llx-%llx\"",
                static_cast<unsigned long long>(status.st_ino),
                static_cast<unsigned long long>(status.st_size),
                static_cast<unsigned long long>(status.st_mtim.tv_sec) * 1000000000ULL +
                    static_cast<unsigned long long>(status.st_mtim.tv_nsec));
  return File(fd, static_cast<std::uint64_t>(status.st_size),
              std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec)), tag);
}

std::string Folder::index_page(const std::string& path) const {
  std::vector<std::string> names;
  const int fd = open_beneath(path, O_RDONLY | O_DIRECTORY);
  if (fd >= 0) {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd), ::closedir);
    if (!folder) ::close(fd);
    for (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr; entry != nullptr;
         entry = ::readdir(folder.get())) {
      if (entry->d_name[0] == '.') continue;
      names.push_back(std::string(entry->d_name) + (entry->d_type == DT_DIR ? "/" : ""));
    }
  }
  std::sort(names.begin(), names.end());
  const std::string title = "Index of /" + html(path);
  std::string page = "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>" + title +
                     "</title>\n<h1>" + title + "</h1>\n<ul>\n";
  // "./" before a name, so that a colon in it makes no scheme of it.
  for (const std::string& name : names) {
    page += "<li><a href=\"./" + percent_encode(name, "/") + "\">" + html(escaped(name)) +
            "</a></li>\n";
  }
  return page + "</ul>\n";
}

std::string_view media_type(std::string_view name) noexcept {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {"html", "text/html; charset=utf-8"},
      {"htm", "text/html; charset=utf-8"},
      {"txt", "text/plain; charset=utf-8"},
      {"md", "text/markdown; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"csv", "text/csv; charset=utf-8"},
      {"js", "text/javascript"},
      {"mjs", "text/javascript"},
      {"json", "application/json"},
      {"xml", "application/xml"},
      {"pdf", "application/pdf"},
      {"wasm", "application/wasm"},
      {"png", "image/png"},
      {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},
      {"gif", "image/gif"},
      {"svg", "image/svg+xml"},
      {"webp", "image/webp"},
      {"ico", "image/x-icon"},
      {"mp3", "audio/mpeg"},
      {"ogg", "audio/ogg"},
      {"mp4", "video/mp4"},
      {"webm", "video/webm"},
      {"gz", "application/gzip"},
      {"zip", "application/zip"},
      {"tar", "application/x-tar"},
      {"woff2", "font/woff2"},
      {"eml", "message/rfc822"},
  };
  const auto dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    for (const auto& [ending, type] : kTypes) {
      if (equals_ignoring_case(name.substr(dot + 1), ending)) return type;
    }
  }
  return "application/octet-stream";
}

}  // namespace proto::protod
