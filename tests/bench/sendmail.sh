#!/usr/bin/env bash
# A process for each message, sendmail-lite beside msmtp, and a flush of 1,000 queued messages, against
# protod on loopback. Prints figures; judges nothing.
#   tests/bench/sendmail.sh [BUILD_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${1:-build/bench}/bin
count=${COUNT:-200}
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

"$bin/protod" --smtp-port 0 --maildir "$folder/mail" > "$folder/out" &
server=$!
for _ in $(seq 100); do
  port=$(grep -oiE 'smtp[^0-9]*127\.0\.0\.1:[0-9]+' "$folder/out" | grep -oE '[0-9]+$' || true)
  [ -n "$port" ] && break
  sleep 0.05
done
printf 'From: me@example.org\nTo: you@example.org\nSubject: bench\n\n%s\n' "$(head -c 2048 /dev/zero | tr '\0' x)" > "$folder/message"
export HOME=$folder XDG_CONFIG_HOME=$folder

# per_message NAME COMMAND...: wall milliseconds of each of $count runs, the median first.
per_message() {
  local name=$1 begin end
  shift
  for _ in $(seq "$count"); do
    begin=$EPOCHREALTIME
    "$@" < "$folder/message"
    end=$EPOCHREALTIME
    echo $(((${end/./} - ${begin/./})))
  done | sort -n | awk -v name="$name" '{ t[NR] = $1 } END { printf "%-34s %7.2f ms (p95 %.2f)\n", name, t[int((NR + 1) / 2)] / 1000, t[int(NR * 0.95)] / 1000 }'
}

lite=("$bin/sendmail-lite" --host 127.0.0.1 --port "$port" --no-syslog --tls none --queue-dir "$folder/queue" -f me@example.org)
per_message '/bin/true' /bin/true
per_message 'sendmail-lite --no-queue' "${lite[@]}" --no-queue you@example.org
per_message 'sendmail-lite, synced to disk first' "${lite[@]}" you@example.org
if command -v msmtp > /dev/null; then
  per_message 'msmtp' msmtp --host=127.0.0.1 --port="$port" --tls=off --auth=off --file=/dev/null -f me@example.org you@example.org
fi

for _ in $(seq 1000); do "${lite[@]}" -odq you@example.org < "$folder/message"; done
begin=$EPOCHREALTIME
"${lite[@]}" -q
end=$EPOCHREALTIME
awk -v us=$((${end/./} - ${begin/./})) 'BEGIN { printf "flush of 1,000 messages            %7.0f ms (%.0f messages/s)\n", us / 1000, 1e9 / us }'
