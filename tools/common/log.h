// What -v shows: the library's Trace, on stderr, escaped.
#pragma once

#include "proto/trace.h"

namespace proto::tools {

// An empty Trace for 0, so that a run without -v never touches the logger. 1: what happens and what
// was said; 2: with the time of each line.
Trace make_trace(int verbosity);

// One line of the program's own, where -v was given.
void log_note(int verbosity, std::string_view text);

}  // namespace proto::tools
