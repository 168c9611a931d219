#!/bin/sh
# Runs, with a helper in a session of its own.
rm -f daemonized
setsid sh -c 'echo yes >daemonized; exec sleep infinity' &
until [ -s daemonized ]; do :; done
exec sleep infinity
