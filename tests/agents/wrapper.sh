#!/bin/sh
# A wrapper that stays: wrapper.sh PROGRAM ARGUMENT... runs the program as a child, and two more beside it.
sleep infinity &
(sleep infinity; true) &
"$@" &
wait
