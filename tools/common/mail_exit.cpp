#include "common/mail_exit.h"

#include <new>
#include <stdexcept>

#include "proto/error.h"

namespace proto::tools {

namespace {
template <typename T>
bool is(const std::exception& error) {
  return dynamic_cast<const T*>(&error) != nullptr;
}
}  // namespace

int mail_exit_status(const std::exception& error) {
  if (const auto* resolve = dynamic_cast<const ResolveError*>(&error))
    return resolve->temporary() ? kTryLater : kNoHost;
  if (is<TimeoutError>(error)) return kTryLater;
  if (is<NetworkError>(error)) return kUnavailable;
  if (is<TLSError>(error)) return kUnavailable;
  if (is<ProtocolError>(error)) return kProtocol;
  if (is<LimitError>(error)) return kProtocol;
  if (is<Error>(error)) return kUnavailable;
  if (is<ConfigurationError>(error)) return kConfiguration;
  if (is<std::invalid_argument>(error)) return kUsage;
  if (is<std::bad_alloc>(error)) return kSystem;
  return kSoftware;
}

}  // namespace proto::tools
