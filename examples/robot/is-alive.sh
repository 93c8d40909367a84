#!/bin/sh
# is-alive.sh NAME: whether that program of the robot has given a sign of life.
exec test -e "$ROBOT_RUN/$1.alive"
