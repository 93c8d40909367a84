#!/bin/sh
# Brings the data of a folder to the version of the program; done twice it does nothing.
set -eu
mkdir -p "$1"
[ -e "$1/version" ] && [ "$(cat "$1/version")" = 1 ] && exit 0
echo 1 > "$1/version"
echo "the data has version 1"
