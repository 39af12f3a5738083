// Whether a password may go as it is.
#pragma once

#include "proto/stream.h"

namespace proto {

// Nobody on the way can read what goes over `stream`, which was opened with `options`: it is under
// TLS, or does not leave this machine. A proxy on this machine hands it on to another.
bool is_private(const Stream& stream, const ConnectOptions& options);

}  // namespace proto
