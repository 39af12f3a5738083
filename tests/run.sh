#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test; the last thing printed is ctest's summary.
#   tests/run.sh            everything: plain, and under AddressSanitizer, UBSan and ThreadSanitizer
#   tests/run.sh --quick    without the sanitizers
#   tests/run.sh --bench    the benchmarks instead
# More arguments go to ctest: tests/run.sh --quick -R Pop3
set -euo pipefail
cd "$(dirname "$0")/.."

presets=(dev asan tsan)
kinds=(build test)
case ${1:-} in
  --quick) presets=(dev) && shift ;;
  --bench) presets=(bench) && kinds=(build test bench) && shift ;;
  -h | --help) sed -n '2,6s/^# *//p' tests/run.sh && exit ;;
esac

third_party/install.sh "${kinds[@]}"

# With sudo, only the installing is done as root: what is built belongs to whom the tree belongs to.
if [ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ] && [ "$(stat -c %u .)" = "$SUDO_UID" ]; then
  as_user=(setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups env -u SUDO_UID)
else
  as_user=()
fi
"${as_user[@]}" mkdir -p build/logs build/ctest-all

jobs=$(nproc)
start=$SECONDS
# logged NAME COMMAND...: its output goes to build/logs/NAME, and to the terminal where it fails.
logged() {
  local log=build/logs/$1
  shift
  "${as_user[@]}" "$@" >"$log" 2>&1 </dev/null || {
    tail -n 60 "$log" >&2
    echo "run.sh: failed: $*; all of its output is in $log" >&2
    exit 1
  }
}

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
for preset in "${presets[@]}"; do
  [ -f "build/$preset/build.ninja" ] ||
    logged "$preset.configure" cmake --preset "$preset" "${launcher[@]}"
  echo "building $preset ..."
  logged "$preset.build" cmake --build "build/$preset" --parallel "$jobs"
  echo "built $preset after $((SECONDS - start)) s"
done

if [ "${presets[0]}" = bench ]; then
  exec "${as_user[@]}" tests/bench/run.sh "$@"
fi

# One ctest over all the builds; the names of their tests tell them apart.
{
  for preset in "${presets[@]}"; do echo "subdirs(\"$PWD/build/$preset\")"; done
} | "${as_user[@]}" tee build/ctest-all/CTestTestfile.cmake >/dev/null
exec "${as_user[@]}" ctest --test-dir build/ctest-all --parallel "$jobs" --output-on-failure \
  --output-log build/logs/ctest "$@" </dev/null
