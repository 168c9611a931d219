#!/bin/sh
# Does not stop when asked to, and neither does its child.
trap '' TERM INT
sleep infinity &
wait
