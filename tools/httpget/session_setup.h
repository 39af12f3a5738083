// The session that the options describe.
#pragma once

#include <vector>

#include "httpget/options.h"
#include "proto/cookies.h"
#include "proto/hsts.h"
#include "proto/http_session.h"

namespace proto::httpget {

// `urls`: whose origins the login of -u is for. Reads cookie files; throws UsageError, ReadError,
// PasswordError.
SessionOptions session_options(const Options& options, const std::vector<URL>& urls);

// Writes the jar of -c, readable by its owner only; "-" is stdout. Throws WriteError.
void save_cookies(const Options& options, const CookieJar& jar);
// Writes the file of --hsts. Throws WriteError.
void save_hsts(const Options& options, const HSTSStore& hosts);

std::chrono::milliseconds milliseconds(double seconds);

}  // namespace proto::httpget
