// -w: what a transfer was like, in a format of the user's.
#pragma once

#include <string>
#include <string_view>

#include "httpget/report.h"

namespace proto::httpget {

struct WrittenOut {
  std::string to_stdout, to_stderr;
};

// "%{name}" with curl's names, "%header{Name}", "%%", "\n", "\r", "\t"; "%{stderr}" and
// "%{stdout}" say where what follows goes, "%{onerror}" that it goes nowhere after a success.
// "@FILE" takes the format from a file, "@-" from stdin. What is not known stays as it is. Throws
// ReadError.
WrittenOut write_out(std::string_view format, const Report& report);

}  // namespace proto::httpget
