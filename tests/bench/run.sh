#!/bin/sh
# Builds what tests/bench holds and prints every table. Options go to bench_http: --quick, --rounds N,
# the names of its tables.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset bench >&2
cmake --build build/bench --target bench >&2
for program in head_parser tls http/bench_http pop3; do
  printf '\n== %s\n' "$program"
  case $program in
    http/*) "build/bench/tests/bench/$program" "$@" ;;
    *) "build/bench/tests/bench/bench_$program" ;;
  esac
done
for script in servers sendmail; do
  printf '\n== %s\n' "$script"
  "tests/bench/$script.sh" build/bench
done
