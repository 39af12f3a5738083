// protod's HTTP: a folder, by GET and HEAD.
#pragma once

#include <chrono>

#include "proto/stream.h"
#include "reference/protod/folder.h"

namespace proto::protod {

// Serves requests on one connection until it ends: keep-alive, ranges, validators, an index for
// folders without index.html. A request must come whole within `command_time`. Throws what the
// stream throws.
void serve_http(Stream& stream, const Folder& folder, std::chrono::milliseconds command_time);

}  // namespace proto::protod
