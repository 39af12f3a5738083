#!/usr/bin/env bash
# Builds a program against an installed libproto as pkg-config tells, with each of the two libraries.
#   pkg_config.sh PREFIX COMPILER SOURCE
set -euo pipefail
prefix=$1 compiler=$2 source=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

pc=$(find "$prefix" -name libproto.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
read -ra flags <<<"$(pkg-config --cflags --libs libproto)"
"$compiler" -std=c++20 "$source" "${flags[@]}" -o "$folder/shared"
LD_LIBRARY_PATH=$(pkg-config --variable=libdir libproto) "$folder/shared"

read -ra flags <<<"$(pkg-config --static --cflags --libs libproto)"
"$compiler" -std=c++20 "$source" "${flags[@]/#-lproto/-l:libproto.a}" -o "$folder/static"
"$folder/static"

# Nothing in it may point outside of where it was installed.
if grep -n '=/' "$pc"; then
  echo 'libproto.pc names an absolute path'
  exit 1
fi
