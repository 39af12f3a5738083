#!/usr/bin/env bash
# Builds the tools, and shows them at work with protod, a small server on loopback.
#   tools/demo.sh                                   the show
#   tools/demo.sh httpget www.ibm.com /index.html   one of the tools instead, with your arguments
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
"$top/third_party/install.sh" build
"$top/tools/build.sh" release
export PATH="$top/build/release/bin:$PATH"
[ $# = 0 ] || exec "$@"

folder=$(mktemp -d)
protod=
trap '[ -z "$protod" ] || kill "$protod" 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir "$folder/www" "$folder/mail"
printf '<h1>Hello World!</h1>\n' >"$folder/www/index.html"

exec 3< <(exec protod --http-port 0 --smtp-port 0 --pop3-port 0 --root "$folder/www" --maildir "$folder/mail")
protod=$!
declare -A port
while [ ${#port[@]} -lt 3 ] && read -r -t 10 -u 3 _ service _ address; do
  port[$service]=${address##*:}
done

show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

show httpget "127.0.0.1:${port[http]}" /index.html
