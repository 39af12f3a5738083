#!/usr/bin/env bash
# The C++ in README.md compiles: each block as it stands where it has a main, else as the body of one.
#   snippets.sh TOP COMPILER
set -euo pipefail
top=$(cd "${1:-$(dirname "$0")/../..}" && pwd)
export compiler=${2:-c++} include=$top/libproto/include
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# One file a block, named after the line it starts at.
awk -v folder="$folder" '
  /^```/ { if (file) { close(file); file = "" } else if ($0 ~ /^```(cpp|c\+\+)$/) file = folder "/" (NR + 1); next }
  file   { print >file }' "$(ls "$top/README.md" 2>/dev/null || echo /dev/null)"

compile() {
  local block=$1 line=${1##*/} source=$1.cpp
  {
    if grep -q 'int main' "$block"; then
      echo "#line $line \"README.md\"" && cat "$block"
    else
      grep '^ *#include' "$block" || true
      echo "void snippet() {" && echo "#line $line \"README.md\""
      sed 's/^ *#include.*//' "$block" && echo "}"
    fi
  } >"$source"
  "$compiler" -std=c++20 -Wall -Wno-unused -fsyntax-only -I "$include" "$source"
}
export -f compile
count=$(find "$folder" -type f | wc -l)
find "$folder" -type f -print0 | xargs -0 -r -P 2 -I{} bash -c 'compile {}'
echo "snippets: $count blocks of C++ in README.md compile"
