#!/usr/bin/env bash
# Builds the tools, and shows them at work with protod, a small server on loopback.
#   tools/demo.sh                                   the show
#   tools/demo.sh httpget www.ibm.com /index.html   one of the tools instead, with your arguments
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
"$top/third_party/install.sh" build
"$top/tools/build.sh" release
bin=$top/build/release/bin
export PATH="$bin:$PATH"
[ $# = 0 ] || exec "$@"

folder=$(mktemp -d)
protod=
finish() {
  if [ -n "$protod" ]; then kill "$protod" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap finish EXIT

mkdir "$folder/www" "$folder/mail"
echo '<h1>Hello World!</h1>' >"$folder/www/index.html"
printf 'Subject: Hello\n\nHello World!\n' >"$folder/letter"
echo demo >"$folder/password"

# Its first lines are "protod: http on 127.0.0.1:PORT", and the same for smtp and pop3.
options=()
for pair in httpget:http sendmail-lite:smtp popsubjects:pop3; do
  [ ! -x "$bin/${pair%:*}" ] || options+=("--${pair#*:}-port" 0)
done
exec 3< <(exec protod "${options[@]}" --root "$folder/www" --maildir "$folder/mail")
protod=$!
declare -A port=()
while [ $((2 * ${#port[@]})) -lt ${#options[@]} ]; do
  read -r -t 10 -u 3 _ service _ address || break
  port[$service]=${address##*:}
done
[ -n "${port[http]:-}" ] || { echo 'demo.sh: protod did not start' >&2 && exit 1; }

# show WHAT COMMAND...: the command as it is typed, and what it prints.
show() {
  printf '\n# %s\n$ %s\n' "$1" "${*:2}"
  "${@:2}"
}

cd "$folder"
show 'fetch a page' httpget "127.0.0.1:${port[http]}" /index.html
[ -z "${port[smtp]:-}" ] ||
  show 'send a mail' sendmail-lite --host 127.0.0.1 --port "${port[smtp]}" -f alice@localhost demo@localhost <letter
[ -z "${port[pop3]:-}" ] ||
  show 'look for mail' popsubjects --host 127.0.0.1 --port "${port[pop3]}" --tls none --user demo --password-file password
