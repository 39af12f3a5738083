#include "net/tls_openssl.h"

#include <openssl/err.h>

#include <cstring>

#include "base/characters.h"

namespace proto::tls {

std::string take_error_text() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
      reason < SSL_AD_REASON_OFFSET + 256) {
    return "the peer sent the alert " +
           quoted(SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
  }
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
