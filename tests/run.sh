#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test; the last thing printed is ctest's summary.
#   tests/run.sh            everything: plain, and under AddressSanitizer, UBSan and ThreadSanitizer
#   tests/run.sh --quick    without the sanitizers
#   tests/run.sh --bench    the benchmarks instead
#   tests/run.sh --queue    the proofs of sendmail-lite's queue, at full size: killed, failed and its power lost at every call,
#                           10,000 messages (PROTO_QUEUE_MESSAGES) by 8 senders and 8 flushers, 1,000 flushed to Postfix and to Exim
# More arguments go to ctest: tests/run.sh --quick -R Pop3
set -euo pipefail
cd "$(dirname "$0")/.."

presets=(dev asan tsan)
kinds=(build test)
queue=
case ${1:-} in
  --quick) presets=(dev) && shift ;;
  --bench) presets=(bench) && kinds=(build test bench) && shift ;;
  --queue) presets=(dev) && queue=yes && shift ;;
  -h | --help) sed -n '2,8s/^# *//p' tests/run.sh && exit ;;
esac

third_party/install.sh "${kinds[@]}"

start=$SECONDS
for preset in "${presets[@]}"; do
  tools/build.sh "$preset"
  echo "built $preset after $((SECONDS - start)) s"
done

# With sudo, only the installing is done as root.
as_user=()
if [ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ] && [ "$(stat -c %u .)" = "$SUDO_UID" ]; then
  as_user=(setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups env -u SUDO_UID)
fi
if [ "${presets[0]}" = bench ]; then
  exec "${as_user[@]}" tests/bench/run.sh "$@"
fi
if [ -n "$queue" ]; then
  export PROTO_QUEUE_MESSAGES=${PROTO_QUEUE_MESSAGES:-10000}
  "${as_user[@]}" nice build/dev/tests/unit_tools --gtest_brief=1 --gtest_filter='Queue*:Flush*:Schedule*'
  "${as_user[@]}" nice build/dev/tests/e2e_tests --gtest_filter='*SendmailServers.ManyWaiting*'
  exec "${as_user[@]}" nice build/dev/tests/hostile_tests --gtest_filter='SendmailQueue.*' "$@"
fi

# One ctest over all the builds; the names of their tests tell them apart.
"${as_user[@]}" mkdir -p build/ctest-all
for preset in "${presets[@]}"; do echo "subdirs(\"$PWD/build/$preset\")"; done | "${as_user[@]}" tee build/ctest-all/CTestTestfile.cmake >/dev/null
# Half of a test is waiting for a peer.
exec "${as_user[@]}" ctest --test-dir build/ctest-all --parallel "$(($(nproc) * 3 / 2))" --output-on-failure \
  --output-log build/logs/ctest "$@" </dev/null
