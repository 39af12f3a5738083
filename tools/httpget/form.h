// -F: parts of multipart/form-data, as curl writes them on the command line.
#pragma once

#include <string>
#include <vector>

#include "wire/form_data.h"

namespace proto::httpget {

// "name=value", "name=@FILE[,...]", "name=<FILE", each with ";type=" and ";filename=" behind it;
// values may stand in double quotes. Throws UsageError, ReadError.
FormData make_form(const std::vector<std::string>& parts);

}  // namespace proto::httpget
