#!/usr/bin/env bash
# Every public header compiles alone, and includes the standard library's headers and ours only.
#   headers.sh TOP COMPILER
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}/libproto/include"
export compiler=${2:-c++}

if grep -nE '^ *# *include' proto/*.h | grep -vE 'include (<[a-z_]+>|"proto/[a-z0-9_]+\.h")'; then
  echo 'public headers include standard C++ headers and our own'
  exit 1
fi
compile() {
  printf '#include "%s"\n#include "%s"\n' "$1" "$1" |
    "$compiler" -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ -I . -
}
export -f compile
printf '%s\n' proto/*.h | xargs -P 2 -I{} bash -c 'compile {} || { echo "{} does not compile alone"; exit 1; }'
echo 'headers: each public header compiles alone'
