// -bs: SMTP on standard input and output, for programs that hand over mail that way.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sendmail-lite/input.h"
#include "sendmail-lite/sender.h"

namespace proto::sendmail {

using Writer = std::function<void(std::string_view)>;
using Submit = std::function<Submitted(std::string_view message, const Request& request)>;

// Serves until QUIT or the end of input. Throws what `reader`, `writer` and `submit` throw.
void serve_local_smtp(const Reader& reader, const Writer& writer, const Submit& submit,
                      const std::string& host);

}  // namespace proto::sendmail
