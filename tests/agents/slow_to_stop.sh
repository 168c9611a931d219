#!/bin/sh
# Needs a moment to stop, and ends well.
trap 'sleep 0.3; echo "stopped well"; exit 0' TERM
while :; do
    sleep infinity &
    wait
done
