// Heads of HTTP/1.x messages (RFC 9112 §2 to §5), parsed where they stand.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/fields.h"
#include "wire/deviations.h"

namespace proto {

// Far above real heads, far below trouble.
struct HeadLimits {
  std::size_t max_head_bytes = std::size_t{256} * 1024;
  std::size_t max_line_bytes = std::size_t{64} * 1024;  // its end included
  std::size_t max_fields = 500;
};

// What requests and responses share: lines, fields, limits. A head is judged line by line, as soon
// as a line is complete; the result does not depend on how its bytes were cut.
class HeadParser {
 public:
  // `buffered` is all there is from the head's first byte on: the same bytes as before, maybe with
  // more behind them. 0: more is needed. Else the size of the head with its empty line, and the
  // results are there. Throws ProtocolError, LimitError; then it is good for reset() only.
  std::size_t feed(std::string_view buffered);
  // The stream ended and feed() wants more: throws ClosedError, or ProtocolError where what came is
  // no HTTP at all. An empty `buffered` means that the peer closed without a word.
  [[noreturn]] void finish(std::string_view buffered) const;
  // For the next head; the memory is kept.
  void reset() noexcept;

  // 10 or 11; a later 1.x counts as 1.1 (RFC 9110 §2.5).
  int version() const noexcept { return version_; }
  const Fields& fields() const noexcept { return fields_; }
  // To swap or move from; the parser goes on with what it gets.
  Fields& fields() noexcept { return fields_; }
  Deviations deviations() const noexcept { return deviations_; }

 protected:
  explicit HeadParser(const HeadLimits& limits);
  ~HeadParser() = default;
  HeadParser(const HeadParser&) = default;
  HeadParser& operator=(const HeadParser&) = default;

  // `line` without its end. False: an empty line, to be passed over.
  virtual bool parse_start_line(std::string_view line) = 0;
  // Throws ProtocolError where what there is of the first line cannot become one.
  virtual void check_start(std::string_view buffered, bool at_end) const = 0;
  virtual std::string_view what() const noexcept = 0;
  virtual void reset_start_line() noexcept = 0;

  int version_ = 0;

 private:
  bool take_start_line(std::string_view buffered);
  bool take_unusual_line(std::string_view buffered);
  std::size_t complete(std::string_view head);
  std::size_t find_line_end(std::string_view buffered);
  std::size_t take_empty_line(std::string_view buffered);
  // Of a line that ends at `end`, or goes on there.
  void check_limits(std::size_t end) const {
    if (end > limits_.max_head_bytes || end - line_ > limits_.max_line_bytes) refuse_size();
  }
  [[noreturn]] void refuse_size() const;
  [[noreturn]] void refuse_count() const;

  HeadLimits limits_;
  std::size_t line_ = 0;     // where the line begins that is not complete yet
  std::size_t scanned_ = 0;  // below this there is no LF in that line
  bool in_fields_ = false;
  Deviations deviations_;
  Fields fields_;
};

class ResponseHeadParser final : public HeadParser {
 public:
  explicit ResponseHeadParser(const HeadLimits& limits = {}) : HeadParser(limits) {}
  // 100 to 999.
  int status() const noexcept { return status_; }
  // As it came: escape it before you show it. Valid until the next feed() or reset().
  const std::string& reason() const noexcept { return reason_; }

 private:
  bool parse_start_line(std::string_view line) override;
  void check_start(std::string_view buffered, bool at_end) const override;
  std::string_view what() const noexcept override { return "HTTP response"; }
  void reset_start_line() noexcept override;

  int status_ = 0;
  std::string reason_;
};

class RequestHeadParser final : public HeadParser {
 public:
  explicit RequestHeadParser(const HeadLimits& limits = {}) : HeadParser(limits) {}
  const std::string& method() const noexcept { return method_; }
  // As it came: visible ASCII only, not decoded.
  const std::string& target() const noexcept { return target_; }

 private:
  bool parse_start_line(std::string_view line) override;
  void check_start(std::string_view buffered, bool at_end) const override;
  std::string_view what() const noexcept override { return "HTTP request"; }
  void reset_start_line() noexcept override;

  bool skipped_empty_line_ = false;
  std::string method_;
  std::string target_;
};

}  // namespace proto
