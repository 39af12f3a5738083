// What a transfer asks for: URL, method, fields and body, as the options say.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "httpget/options.h"
#include "proto/fields.h"
#include "proto/http_session.h"
#include "proto/url.h"

namespace proto::httpget {

// The operands as URLs: HOST and /PATH, or one URL each. Throws URLError.
std::vector<URL> urls_of(const std::vector<std::string>& operands);

// A request that can be sent as often as need be: what its body views lives in it. Throws
// UsageError, ReadError.
SessionRequest make_request(const Options& options, const URL& url);

// A request that ended so sent nothing of its body: there was no connection yet. `in_body`: a head
// had come.
bool before_body(const std::exception& error, bool in_body);

}  // namespace proto::httpget
