// The chat server's standard output: what nobody reads must not stop the talk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/selector.h"

namespace proto {

class Transcript {
 public:
  // Bytes. What waits beyond it is left out, and how many lines that were is said.
  static constexpr std::size_t kMaxWaiting = 1024 * 1024;

  // `fd` stays the caller's; -1: none.
  Transcript(int fd, Selector& selector) : fd_(fd), selector_(selector) {}
  ~Transcript();
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  // Without its line end.
  void add(std::string_view line);
  // Writes what can be written at once; the rest follows by the selector.
  void flush();
  bool is_waiting() const noexcept { return !waiting_.empty(); }
  // False: somebody's disk is full, or the reader has gone.
  bool is_good() const noexcept { return good_; }

 private:
  void await(bool room);

  int fd_;
  Selector& selector_;
  std::string waiting_;
  std::size_t left_out_ = 0;  // lines
  bool awaiting_ = false;
  bool good_ = true;
};

}  // namespace proto
