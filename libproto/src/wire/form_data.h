// Writes multipart/form-data (RFC 7578). Files are named, not read: the caller streams them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/fields.h"

namespace proto {

class FormData {
 public:
  // A stretch of the body: bytes, or all of a file.
  struct Segment {
    std::string bytes;
    std::string path;  // not empty: a file, as the caller named it
    // What it adds to the body; nothing: not known before it is read (a pipe).
    std::optional<std::uint64_t> size;
  };
  struct FileOptions {
    std::string file_name = {};                             // what the server is told; empty: none
    std::string content_type = "application/octet-stream";  // empty: none
    Fields fields = {};                                     // of the part, beside these
  };

  // How quotes in names go: percent-encoded (with line ends), as browsers have it, or behind a
  // backslash, as old readers do.
  enum class Escape { percent, backslash };

  // An empty boundary: a random one.
  explicit FormData(std::string boundary = {}, Escape escape = Escape::percent);

  // Each throws std::invalid_argument for NUL in a name (CR and LF, too, where those are not
  // encoded), and what Fields refuses in the others.
  void add(std::string_view name, std::string_view value, std::string_view content_type = {},
           const Fields& fields = {});
  // A value that the server takes for a file.
  void add(std::string_view name, std::string_view value, const FileOptions& options);
  void add_file(std::string_view name, std::string path, std::optional<std::uint64_t> size,
                const FileOptions& options);

  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }
  // The whole body in order, with its last delimiter; add nothing behind it.
  std::vector<Segment> take_segments();
  // Of the whole body; nothing where a file's is not known.
  std::optional<std::uint64_t> size() const;

 private:
  void begin_part(std::string_view name, const std::string* file_name,
                  std::string_view content_type, const Fields& fields);
  void begin_file(std::string_view name, const FileOptions& options);
  void append(std::string_view text);

  std::string boundary_;
  Escape escape_;
  std::vector<Segment> segments_;
};

}  // namespace proto
