// What goes over the wire, for those who watch. Secrets are replaced before a Trace sees them.
#pragma once

#include <functional>
#include <string_view>

namespace proto {

struct TraceEvent {
  enum class Kind { info, sent, received };
  Kind kind;
  std::string_view text;  // one line without its end, not escaped; dies with the call
};

// Called on the thread that talks to the peer. What it throws ends the operation.
using Trace = std::function<void(const TraceEvent&)>;

inline void trace_info(const Trace& trace, std::string_view text) {
  if (trace) trace({TraceEvent::Kind::info, text});
}
inline void trace_sent(const Trace& trace, std::string_view text) {
  if (trace) trace({TraceEvent::Kind::sent, text});
}
inline void trace_received(const Trace& trace, std::string_view text) {
  if (trace) trace({TraceEvent::Kind::received, text});
}

}  // namespace proto
