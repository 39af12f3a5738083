#include "httpget/exit_status.h"

#include <new>
#include <stdexcept>

#include "common/mail_exit.h"
#include "httpget/output.h"
#include "proto/error.h"
#include "proto/http_session.h"
#include "proto/url.h"

namespace proto::httpget {

namespace {

template <typename T>
bool is(const std::exception& error) {
  return dynamic_cast<const T*>(&error) != nullptr;
}

int network_status(const NetworkError& error, bool in_body) {
  if (is<TimeoutError>(error)) return kTimedOut;
  if (is<ResolveError>(error)) return kNotResolved;
  if (is<EmptyReplyError>(error)) return kEmptyReply;
  if (error.phase() == Phase::connect) return kNotConnected;
  if (error.phase() == Phase::tls) return kTlsFailed;
  if (in_body) return kEndedEarly;
  return error.phase() == Phase::send ? kSendFailed : kReceiveFailed;
}

}  // namespace

int exit_status_of(const std::exception& error, bool in_body) {
  if (is<URLError>(error)) return kBadUrl;
  if (is<std::invalid_argument>(error)) return kUsage;
  if (is<WriteError>(error)) return kCannotWrite;
  if (is<ReadError>(error)) return kCannotRead;
  if (is<TunnelError>(error) || is<SocksError>(error)) return kProxyRefused;
  if (const auto* redirect = dynamic_cast<const RedirectError*>(&error)) {
    return redirect->too_many() ? kTooManyRedirects : kBadUrl;
  }
  if (is<HTTPCodingError>(error)) return kBadCoding;
  if (is<TooLargeError>(error)) return kTooLarge;
  if (is<tools::ConfigurationError>(error)) return kUsage;
  if (const auto* network = dynamic_cast<const NetworkError*>(&error))
    return network_status(*network, in_body);
  if (const auto* tls = dynamic_cast<const TLSError*>(&error)) {
    return tls->verify_reason().empty() ? (in_body ? kReceiveFailed : kTlsFailed) : kNotTrusted;
  }
  if (is<HTTPFramingError>(error) || is<LimitError>(error)) return kReceiveFailed;
  if (is<ProtocolError>(error)) return in_body ? kReceiveFailed : kNoHttp;
  if (is<std::bad_alloc>(error)) return kNoMemory;
  return kReceiveFailed;
}

std::string message_of(const std::exception& error, const URL& url) {
  std::string text = error.what();
  const bool of_the_peer = is<ProtocolError>(error) || is<LimitError>(error) ||
                           is<ClosedError>(error) || is<DigestError>(error);
  if (!of_the_peer || text.find(url.host()) != std::string::npos) return text;
  const auto what = text.find(": ");
  if (what == std::string::npos) return "cannot fetch " + url.to_string() + ": " + text;
  return text.insert(what, ": " + url.authority());
}

}  // namespace proto::httpget
