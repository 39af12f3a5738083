// The bodies of requests: of -d and its like, of -F, of -T.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "httpget/options.h"
#include "proto/fields.h"
#include "proto/http_session.h"

namespace proto::httpget {

// application/x-www-form-urlencoded, as curl's --data-urlencode: "text", "=text", "name=text",
// "@FILE", "name@FILE". Throws ReadError.
std::string urlencoded(const std::string& text);
// What -d and its like say, as it goes on the wire. `json`: it is that. Throws ReadError.
std::string joined_data(const Options& options, bool& json);

inline constexpr const char* kStdin = "/dev/stdin";
// A file; standard input is read as it is, chunked whatever it is, and once only. Throws ReadError.
Body open_file(const std::string& path);
// What -F says; its Content-Type goes into `headers`. Throws UsageError, ReadError.
std::function<Body()> form_body(const Options& options, Fields& headers);

// What a body is read from, though its bytes are in memory.
Body::Source source_of(const Body& body);
// Has the body of `request` counted in `size`, which must outlive it: bytes of the last attempt
// that were taken to be sent. `with_login`: one in memory counts whole, so where before_body()
// holds there were none.
void count_upload(SessionRequest& request, std::uint64_t& size, bool with_login);

}  // namespace proto::httpget
