#!/bin/sh
# One process that does not stop when asked to.
trap '' TERM INT
exec sleep infinity
