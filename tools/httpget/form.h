// -F: parts of multipart/form-data, as curl writes them on the command line.
#pragma once

#include <vector>

#include "httpget/options.h"
#include "wire/form_data.h"

namespace proto::httpget {

// "name=value", "name=@FILE", "name=<FILE", each with ";type=", ";filename=" and ";headers=" behind
// it; values may stand in double quotes. Throws UsageError, ReadError.
FormData make_form(const Options& options);

}  // namespace proto::httpget
