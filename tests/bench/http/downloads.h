// Whole programs beside curl, with nginx as the server: what --compressed, -Z and --segments cost.
#pragma once

#include "rounds.h"

namespace bench {

// A log, coded once by gzip, br and zstd, decoded by each program.
void compressed(const Settings& settings);
// 100 small pages in one run, and a large file in ranges.
void parallel(const Settings& settings);
// HTTP/2: many small pages over one connection, and a large body.
void http2(const Settings& settings);

}  // namespace bench
