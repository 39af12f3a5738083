#!/usr/bin/env bash
# Every source is as clang-format leaves it.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
find libproto tools tests \( -name '*.h' -o -name '*.cpp' -o -name '*.cc' \) -print0 | xargs -0 clang-format --dry-run --Werror
echo 'format: every source is as clang-format leaves it'
