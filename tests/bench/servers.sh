#!/usr/bin/env bash
# The chat and echo rows: our servers and their peers, one after the other, under the same load.
#   tests/bench/servers.sh [BUILD]       BUILD: build/bench unless given
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/bench}
seconds=${SECONDS_EACH:-5}
log=$(mktemp)
server=
trap 'rm -f "$log"; [ -z "$server" ] || kill "$server" 2>/dev/null || true' EXIT

# with NAME SERVER... -- LOAD...: runs the load against the server; PORT and PID in it are replaced.
with() {
  local name=$1 run=() load=() word
  shift
  while [ "$1" != -- ]; do run+=("$1") && shift; done
  shift
  "${run[@]}" >"$log" 2>/dev/null &
  server=$!
  until grep -q . "$log"; do
    kill -0 "$server"
    sleep 0.05
  done
  local port
  port=$(head -n 1 "$log" | grep -oE '[0-9]+$')
  for word in "$@"; do
    case $word in PORT) word=$port ;; PID) word=$server ;; esac
    load+=("$word")
  done
  printf '%-28s ' "$name"
  timeout 300 "${load[@]}" 2>/dev/null || echo "fails under this load"
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}

bin=$build/bin tests=$build/tests/bench peers=tests/bench/peers
chat=("$bin/chatserver" --port 0)
echo "chat: 500 clients, 50 of them talk, lines of 64 bytes, 32 in flight"
talk=("$tests/bench_chat_load" PORT 500 50 32 "$seconds" PID)
with libproto "${chat[@]}" -- "${talk[@]}"
with 'libproto, one thread' "${chat[@]}" --threads 1 -- "${talk[@]}"
with 'epoll, a send for each line' "$tests/bench_chat_epoll" -- "${talk[@]}"
with 'Python select' python3 $peers/chat_select.py -- "${talk[@]}"
with 'Python asyncio' python3 $peers/chat_asyncio.py -- "${talk[@]}"
echo
echo "chat: 10,000 clients, one line at a time to all"
everybody=("$tests/bench_chat_load" PORT 10000 broadcast 20 PID)
with libproto "${chat[@]}" -- "${everybody[@]}"
with 'libproto, one thread' "${chat[@]}" --threads 1 -- "${everybody[@]}"
with 'Python select' python3 $peers/chat_select.py -- "${everybody[@]}"
echo
echo "echo: 64 bytes there and back"
for connections in 1 16; do
  load=("$tests/bench_echo_load" PORT $connections 1000000 PID)
  [ $connections = 1 ] && load[3]=200000
  with 'raw, blocking' "$tests/bench_echo_raw" -- "${load[@]}"
  with libproto "$bin/echoserver" --port 0 -- "${load[@]}"
  with 'Python socketserver' python3 $peers/echo_socketserver.py -- "${load[@]}"
done
