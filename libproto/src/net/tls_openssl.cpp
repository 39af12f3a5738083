#include "net/tls_openssl.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/characters.h"

namespace proto::tls {

namespace {

// "tlsv13 alert certificate required", "tlsv1 unrecognized name": behind the words that are not the
// alert's.
std::string alert_name(unsigned long code) {
  const char* text = ERR_reason_error_string(code);
  if (text == nullptr)
    return "number " + std::to_string(ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET);
  std::string_view name = text;
  name.remove_prefix(std::min(name.find(' ') + 1, name.size()));
  constexpr std::string_view kWord = "alert ";
  if (name.starts_with(kWord)) name.remove_prefix(kWord.size());
  return quoted(name);
}

}  // namespace

std::string take_error_text() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
      reason < SSL_AD_REASON_OFFSET + 256)
    return "the peer sent the alert " + alert_name(code);
  const char* text = ERR_reason_error_string(code);
  return text != nullptr ? text : "OpenSSL error " + std::to_string(code);
}

std::string name_text(const X509_NAME* name) {
  const BIOHandle memory(BIO_new(BIO_s_mem()));
  if (name == nullptr || !memory) return {};
  constexpr unsigned long flags = XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB;
  if (X509_NAME_print_ex(memory.get(), name, 0, flags) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return escaped({data, static_cast<std::size_t>(size)});
}

}  // namespace proto::tls
