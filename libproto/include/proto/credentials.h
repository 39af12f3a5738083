// Who logs in, and with what.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/secret.h"

namespace proto {

// A login. Where `oauth_token` is set, login() looks for XOAUTH2 and OAUTHBEARER alone, and no
// password goes. Neither of the two: the TLS client certificate logs in (EXTERNAL).
struct Credentials {
  std::string user;
  Secret password;
  Secret oauth_token;     // an access token, as the provider's command prints it
  std::string authzid{};  // whom to act as; empty: `user`
};

// The login that a netrc file holds for `machine`: that of the first entry that fits, "default"
// included; with `user`, only an entry of that login. Nothing where none fits. Values may stand in
// double quotes, with \" \\ \n \r \t inside. Throws std::invalid_argument where the text is no
// netrc: a password that cannot be read must not become another one. Never quotes the text.
std::optional<Credentials> find_in_netrc(std::string_view text, std::string_view machine,
                                         std::string_view user = {});

}  // namespace proto
