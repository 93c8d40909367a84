#!/bin/sh
# One program of the robot: node.sh NAME RATE. Leaves a sign of life in $ROBOT_RUN as long as it runs.
set -eu
name=$1 rate=$2
alive=$ROBOT_RUN/$name.alive
trap 'rm -f "$alive"; exit 0' TERM INT
echo "$name works at $rate Hz"
: > "$alive"
echo "$name is ready"
while :; do
  sleep 86400 &
  wait $!
done
