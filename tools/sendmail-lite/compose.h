// A MIME message from command-line options.
#pragma once

#include <string>

#include "proto/mail_address.h"
#include "sendmail-lite/options.h"

namespace proto::sendmail {

// The message, To and Cc in its header, Bcc not; `text` is the body where `--body` is absent.
// `from`: the header's sender; empty: nobody knows yet, and there is no From. Throws UsageError for
// what is no address or header field, std::system_error for a file that cannot be read.
std::string compose(const Composition& composition, std::string_view from, std::string_view text);

}  // namespace proto::sendmail
