#pragma once

#include "proto/smtp.h"
#include "protocol/smtp_channel.h"

namespace proto {

struct SMTP::State {
  SMTPChannel channel;
};

}  // namespace proto
