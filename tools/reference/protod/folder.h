// A folder that is served: no name leads out of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proto::protod {

// An open regular file. Closes itself.
class File {
 public:
  File(int fd, std::uint64_t size, std::chrono::sys_seconds modified, std::string tag) noexcept
      : fd_(fd), size_(size), modified_(modified), tag_(std::move(tag)) {}
  File(File&& other) noexcept;
  File& operator=(File&&) = delete;
  ~File();

  std::uint64_t size() const noexcept { return size_; }
  std::chrono::sys_seconds modified() const noexcept { return modified_; }
  // Changes when the file does: what a strong entity tag needs.
  const std::string& tag() const noexcept { return tag_; }
  // Up to `size` bytes from `offset`; fewer at the end. Throws ReadError.
  std::size_t read(std::uint64_t offset, char* into, std::size_t size) const;

 private:
  int fd_;
  std::uint64_t size_;
  std::chrono::sys_seconds modified_;
  std::string tag_;
};

class Folder {
 public:
  // Throws ReadError where `path` is no folder.
  explicit Folder(const std::string& path);
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  enum class Kind { none, file, folder };
  // `path`: decoded, relative ("" is the folder itself). Links that lead out of the folder are
  // none.
  Kind kind_of(const std::string& path) const;
  // Nothing where it is no readable regular file.
  std::optional<File> open(const std::string& path) const;
  // An HTML page that lists a folder; hidden files are left out.
  std::string index_page(const std::string& path) const;

 private:
  int open_beneath(const std::string& path, int flags) const;
  int fd_;
};

// By the name's ending; application/octet-stream where it says nothing.
std::string_view media_type(std::string_view name) noexcept;

}  // namespace proto::protod
