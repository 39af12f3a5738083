#!/usr/bin/env bash
# Installs what packages.txt lists for the kinds named: third_party/install.sh build test
# The kinds are build, test, bench and fuzz. Costs nothing where nothing is missing. Starts no service. Packages of the
# kind "private" come with test; they are not installed but unpacked into build/private/NAME.
set -euo pipefail
cd "$(dirname "$0")/.."

die() {
  echo "install.sh: $*" >&2
  exit 1
}

# names KIND...: the packages of these kinds.
names() {
  local kind
  for kind in "$@"; do
    sed -n "s/^$kind  *\([^ #]*\).*/\1/p" third_party/packages.txt
  done
}

installed() {
  dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

missing=()
for name in $(names "$@"); do
  installed "$name" || missing+=("$name")
done
unpack=()
if [[ " $* " == *" test "* ]]; then
  for name in $(names private); do
    [ -d "build/private/$name" ] || unpack+=("$name")
  done
fi
[ $((${#missing[@]} + ${#unpack[@]})) -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
  die "no apt-get here; install what these Debian packages hold: ${missing[*]} ${unpack[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
  as_root=(sudo)
  [ -t 0 ] || as_root=(sudo -n)
  "${as_root[@]}" true 2>/dev/null ||
    die "missing: ${missing[*]}${unpack:+ ${unpack[*]}}; as root: apt-get update && apt-get install ${missing[*]}"
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
  -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)

# invoke-rc.d asks this program before it starts a service.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '"${as_root[@]}" rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
fi
"${apt[@]}" update >&2
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2
fi
for name in "${unpack[@]}"; do
  echo "unpacking $name into build/private" >&2
  folder=build/private/.$name
  rm -rf "$folder"
  mkdir -p "$folder"
  (cd "$folder" && apt-get -qq download "$name" >&2 && dpkg -x ./*.deb . && rm ./*.deb)
  mv "$folder" "build/private/$name"
done
