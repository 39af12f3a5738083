#include "sendmail-lite/smtp_failure.h"

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <string_view>

#include "common/mail_exit.h"
#include "common/passwords.h"
#include "proto/smtp.h"

namespace proto::sendmail {

bool is_about_login(const SMTPReply& reply) noexcept {
  // 454 is "later" where it does not say that the login is what failed (RFC 4954 §6): Postfix
  // defers with 454 4.7.1 whom it would not relay for.
  if (reply.code == 454) return reply.enhanced == "4.7.0";
  constexpr std::array kCodes{530, 534, 535, 538};
  return std::find(kCodes.begin(), kCodes.end(), reply.code) != kCodes.end();
}

bool says_no_such_recipient(const SMTPReply& reply) {
  if (!reply.enhanced.empty()) {
    constexpr std::array<std::string_view, 5> kCodes{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"};
    return std::find(kCodes.begin(), kCodes.end(), reply.enhanced) != kCodes.end();
  }
  return reply.code == 550 || reply.code == 551 || reply.code == 553;
}

Failure failure_of(const std::exception_ptr& error, bool opening) {
  const Trouble here = opening ? Trouble::relay : Trouble::message;
  try {
    std::rethrow_exception(error);
  } catch (const SMTPSenderRefused& e) {
    const bool login = is_about_login(e.reply());
    if (e.for_now() || login)
      return {login ? Trouble::relay : Trouble::message,
              login ? tools::kNoPermission : tools::kTryLater, e.what()};
    return {Trouble::none, tools::kUnavailable, e.what()};
  } catch (const SMTPReplyError& e) {
    return {here, status_of(e), e.what()};
  } catch (const SMTPNotSupportedError& e) {
    // Opening: no way to log in. Else the message is more than the server takes.
    return {opening ? Trouble::relay : Trouble::none,
            opening ? tools::kNoPermission : tools::kUnavailable, e.what()};
  } catch (const ResolveError& e) {
    return {Trouble::resolver, status_of(e), e.what()};
  } catch (const NetworkError& e) {
    const bool connecting = e.phase() == Phase::connect || e.phase() == Phase::resolve;
    return {!opening     ? Trouble::message
            : connecting ? Trouble::network
                         : Trouble::relay,
            tools::kTryLater, e.what()};
  } catch (const TLSError& e) {
    return {here, status_of(e), e.what()};
  } catch (const ProtocolError& e) {
    return {here, status_of(e), e.what()};
  } catch (const LimitError& e) {
    return {here, status_of(e), e.what()};
  } catch (const tools::ConfigurationError& e) {
    return {Trouble::relay, status_of(e), e.what()};
  } catch (const std::invalid_argument& e) {
    // Opening: the options. Else the envelope, which then can never go.
    return {opening ? Trouble::relay : Trouble::none,
            opening ? tools::kConfiguration : tools::kBadData, e.what()};
  } catch (const std::exception& e) {
    return {Trouble::local, status_of(e), e.what()};
  }
}

int status_of(const std::exception& error) {
  if (dynamic_cast<const SMTPAuthenticationError*>(&error) != nullptr) {
    const auto& e = static_cast<const SMTPAuthenticationError&>(error);
    return e.for_now() ? tools::kTryLater : tools::kNoPermission;
  }
  if (const auto* e = dynamic_cast<const SMTPReplyError*>(&error))
    return e->for_now()                 ? tools::kTryLater
           : is_about_login(e->reply()) ? tools::kNoPermission
                                        : tools::kUnavailable;
  if (const auto* e = dynamic_cast<const ResolveError*>(&error))
    return e->temporary() ? tools::kTryLater : tools::kNoHost;
  if (dynamic_cast<const NetworkError*>(&error) != nullptr) return tools::kTryLater;
  if (dynamic_cast<const SMTPNotSupportedError*>(&error) != nullptr) return tools::kUnavailable;
  if (dynamic_cast<const TLSError*>(&error) != nullptr) return tools::kUnavailable;
  if (dynamic_cast<const ProtocolError*>(&error) != nullptr ||
      dynamic_cast<const LimitError*>(&error) != nullptr)
    return tools::kProtocol;
  if (dynamic_cast<const tools::PasswordError*>(&error) != nullptr) return tools::kNoPermission;
  if (dynamic_cast<const tools::ConfigurationError*>(&error) != nullptr ||
      dynamic_cast<const std::invalid_argument*>(&error) != nullptr)
    return tools::kConfiguration;
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return tools::kSystem;
  return tools::kInputOutput;
}

}  // namespace proto::sendmail
