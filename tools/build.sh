#!/usr/bin/env bash
# Configures, where that was not done yet, and builds a preset: tools/build.sh PRESET
# Silent but for one line on stderr, before something that takes long. The output is kept in
# build/logs, and shown where it fails. Under sudo, what is built belongs to whom the tree belongs to.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1

if [ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ] && [ "$(stat -c %u .)" = "$SUDO_UID" ]; then
  exec setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups env -u SUDO_UID "$0" "$@"
fi

mkdir -p build/logs
exec 9>"build/logs/$preset.lock"  # a second run waits for the first
flock 9

# logged NAME COMMAND...
logged() {
  local log=build/logs/$1
  shift
  "$@" >"$log" 2>&1 </dev/null 9>&- || {
    tail -n 60 "$log" >&2
    echo "build.sh: failed: $*; all of its output is in $log" >&2
    exit 1
  }
}

if [ ! -f "build/$preset/build.ninja" ]; then
  launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  logged "$preset.configure" cmake --preset "$preset" "${launcher[@]}"
  echo "building $preset; the first time takes a while" >&2
fi
logged "$preset.build" cmake --build "build/$preset" --parallel "$(nproc)"
