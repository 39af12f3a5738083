#!/usr/bin/env bash
# Who may include whom (README, ARCHITECTURE). Prints each line that breaks a rule.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
bad=0

# refuse WHY PATTERN PATH...: no #include line below the paths may match the extended regular expression.
refuse() {
  local why=$1 pattern=$2
  shift 2
  local paths=()
  for p in "$@"; do [ -e "$p" ] && paths+=("$p"); done
  [ ${#paths[@]} -gt 0 ] || return 0
  if grep -rnE --include='*.h' --include='*.cpp' "^ *# *include *$pattern" "${paths[@]}"; then
    echo "  ^ $why"
    bad=1
  fi
}

sockets='<(sys/socket|sys/un|sys/epoll|sys/eventfd|sys/signalfd|netinet/[a-z]+|arpa/inet|netdb|poll|net/if)\.h>'
s=libproto/src
refuse 'base stands on nothing of ours but the public values' '"(wire|net|protocol)/' $s/base
refuse 'wire and net never include each other' '"(net|protocol)/' $s/wire
refuse 'wire and net never include each other' '"(wire|protocol)/' $s/net
refuse 'the library does not know its tools' '"(tools|common|httpget|sendmail-lite|popsubjects|reference)/' libproto
refuse 'socket headers stand only in net/' "$sockets" libproto/include $s/base $s/wire $s/protocol
refuse 'public headers are standard headers and ours' '<(openssl|sys|zlib|brotli|zstd|idn2|libpsl|nghttp2|spdlog|CLI)' libproto/include
refuse 'wire is sans-I/O: it sees no transport' '"proto/(transport|stream|socket|selector|server|resolver|tls)\.h"' $s/wire
for protocol in http smtp pop3; do
  for other in http smtp pop3; do
    [ $protocol = $other ] && continue
    refuse 'protocols never include each other' "\"(proto|protocol)/$other" $s/protocol/$protocol*
  done
done
# <openssl/...> stands only in net/tls* and base/crypto.cpp.
if grep -rnE --include='*.h' --include='*.cpp' '^ *# *include *<openssl/' libproto tools \
    | grep -vE '^libproto/src/(net/tls[^/]*|base/crypto\.cpp):'; then
  echo '  ^ OpenSSL stands only in net/tls* and base/crypto.cpp'
  bad=1
fi
# So does nghttp2 in the one file that hides it.
if grep -rnE --include='*.h' --include='*.cpp' '^ *# *include *<nghttp2/' libproto tools | grep -v '^libproto/src/wire/http2\.cpp:'; then
  echo '  ^ nghttp2 stands only in wire/http2.cpp'
  bad=1
fi
[ $bad = 0 ] && echo 'layering: every include is allowed'
exit $bad
