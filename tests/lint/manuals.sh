#!/usr/bin/env bash
# A program's manual names every option that its --help tells, and none that it does not.
#   manuals.sh TOP FOLDER_OF_PROGRAMS PROGRAM...
set -euo pipefail
top=$1 programs=$2
shift 2
bad=0
for program in "$@"; do
  told=$("$programs/$program" --help | grep -E '^ +-' | sed 's/^ *//; s/   .*//' | grep -oE '(^|[ ,])--?[A-Za-z0-9][A-Za-z0-9.-]*' | tr -d ' ,' | sort -u)
  page=$(find "$top/tools" -name "$program.1")
  # Roff's escapes out, and what the EXAMPLES show of other programs.
  named=$(sed '/^\.SH EXAMPLES/,/^\.SH /d; s/\\f[A-Z]/ /g; s/\\-/-/g; s/[",;()]/ /g' "$page" | grep -oE '(^|[ \t'"'"'])--?[A-Za-z0-9][A-Za-z0-9.-]*' | tr -d " \t'" | sed 's/[.]$//' | sort -u)
  missing=$(comm -23 <(echo "$told") <(echo "$named"))
  unknown=$(comm -13 <(echo "$told") <(echo "$named") | grep -E '^--' || true)
  [ -z "$missing" ] || { echo "$program.1 does not name:" $missing && bad=1; }
  [ -z "$unknown" ] || { echo "$program --help does not tell:" $unknown && bad=1; }
done
[ $bad = 0 ] && echo 'manuals: as the programs tell'
exit $bad
