// What one chat client is still to receive.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "proto/socket.h"

namespace proto {

// Everything that was said in one turn of the loop: one buffer, shared by all who hear it.
using SharedText = std::shared_ptr<const std::string>;

class Output {
 public:
  // [begin, end) of this turn's text is not for this client: they are its own words. In rising
  // order.
  void exclude(std::size_t begin, std::size_t end);
  void add(const SharedText& text) { add(text, 0, text->size()); }
  // The same, without what is excluded, which is forgotten then.
  void add_turn(const SharedText& turn);
  // Sends as much as the socket takes, gathered in one call; true: nothing is left. Throws
  // NetworkError.
  bool send(Socket& socket);
  // Bytes.
  std::size_t pending() const noexcept { return pending_; }

 private:
  struct Segment {
    SharedText text;
    std::size_t begin, end;
  };
  struct Range {
    std::size_t begin, end;
  };

  void add(const SharedText& text, std::size_t begin, std::size_t end);
  void take(std::size_t size);

  std::vector<Segment> segments_;
  std::size_t first_ = 0;  // segments before it have gone
  std::size_t pending_ = 0;
  std::vector<Range> excluded_;
};

}  // namespace proto
