#!/usr/bin/env bash
# Completion in bash knows the options that the programs tell.
#   completions.sh TOP FOLDER_OF_PROGRAMS
set -euo pipefail
PATH=$2:$PATH
. "$1/tools/completions/libproto.bash"

# completes LINE... WANTED: the last word of the line may become WANTED.
completes() {
  COMP_WORDS=("${@:1:$#-1}")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _libproto
  printf '%s\n' "${COMPREPLY[@]}" | grep -qxe "${*: -1}" ||
    { echo "no ${*: -1} for: ${COMP_WORDS[*]}" && exit 1; }
}
completes httpget --max --max-filesize
completes httpget -o -o
completes httpget -X PO POST
completes popsubjects --tls st starttls
completes popsubjects --auth ext external
completes sendmail-lite --fallback-tls st starttls
echo 'completions: as the programs tell'
