#!/bin/sh
# Stands for a cache.
set -eu
trap 'rm -f "$1/cache.ready"; exit 0' TERM INT
: > "$1/cache.ready"
echo "the cache is ready"
while :; do
  sleep 86400 &
  wait $!
done
