#!/bin/sh
# Lives for a second, then fails.
sleep 1
exit 3
