#include "common/connection_options.h"

#include <CLI/CLI.hpp>

namespace proto::tools {

void add_connection_options(CLI::App& app, ConnectionFlags& flags) {
  CLI::Option_group* const group = app.add_option_group("Connection");
  CLI::Option* const v4 = group->add_flag("-4,--ipv4", flags.ipv4, "IPv4 only");
  group->add_flag("-6,--ipv6", flags.ipv6, "IPv6 only")->excludes(v4);
  group->add_flag("-k,--insecure", flags.insecure, "Accept any certificate");
  group->add_option("--cacert", flags.ca_file, "Trust the certificates in FILE (PEM)")
      ->type_name("FILE");
  group->add_option("--capath", flags.ca_dir, "Trust the certificates in DIR (hashed)")
      ->type_name("DIR");
  group->add_option("-E,--cert", flags.certificate, "Client certificate (PEM)")->type_name("FILE");
  group->add_option("--key", flags.key, "Its private key (PEM)")->type_name("FILE");
  group->add_flag("--tlsv1.2", flags.tls12, "TLS 1.2 or later");
  group->add_flag("--tlsv1.3", flags.tls13, "TLS 1.3 or later");
  group
      ->add_option("--pinnedpubkey", flags.pins,
                   "Public keys to accept, sha256//BASE64 joined by ;")
      ->type_name("KEYS")
      ->delimiter(';')
      ->allow_extra_args(false);
}

Family family_of(const ConnectionFlags& flags) {
  return flags.ipv4 ? Family::ipv4 : flags.ipv6 ? Family::ipv6 : Family::unspecified;
}

TLSOptions tls_options_of(const ConnectionFlags& flags) {
  TLSOptions options;
  options.verify = !flags.insecure;
  options.ca_file = flags.ca_file;
  options.ca_dir = flags.ca_dir;
  options.certificate_file = flags.certificate;
  options.key_file = flags.key;
  options.pinned_public_keys = flags.pins;
  if (flags.tls13) options.min_version = TLSVersion::tls1_3;
  return options;
}

}  // namespace proto::tools
