#include "wire/http_request.h"

#include <algorithm>
#include <stdexcept>

#include "base/characters.h"

namespace proto {

bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

void append_fields(std::string& out, const Fields& fields) {
  for (const Fields::Field field : fields)
    out.append(field.name).append(": ").append(field.value).append("\r\n");
}

void append_request_line(std::string& out, std::string_view method, std::string_view target,
                         int version) {
  if (!is_token(method))
    throw std::invalid_argument("HTTP request: the method is no token: " + quoted(method));
  const bool visible = !target.empty() && std::all_of(target.begin(), target.end(),
                                                      [](char c) { return c > 0x20 && c < 0x7f; });
  if (!visible) {
    throw std::invalid_argument(
        "HTTP request: the target is empty or has a space, a control character or 8-bit in it: " +
        quoted(target));
  }
  out.append(method).append(" ").append(target);
  out.append(version == 10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
}

void append_request_head(std::string& out, std::string_view method, std::string_view target,
                         int version, const Fields& fields) {
  append_request_line(out, method, target, version);
  append_fields(out, fields);
  out.append("\r\n");
}

void append_response_head(std::string& out, int version, int status, std::string_view reason,
                          const Fields& fields) {
  if (status < 100 || status > 999)
    throw std::invalid_argument("HTTP response: no status: " + std::to_string(status));
  if (std::any_of(reason.begin(), reason.end(), is_control))
    throw std::invalid_argument("HTTP response: the reason has a control character: " +
                                quoted(reason));
  out.append(version == 10 ? "HTTP/1.0 " : "HTTP/1.1 ");
  out.append(std::to_string(status)).append(" ").append(reason).append("\r\n");
  append_fields(out, fields);
  out.append("\r\n");
}

}  // namespace proto
