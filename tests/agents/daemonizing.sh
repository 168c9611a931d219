#!/bin/sh
# Leaves its work to a process in a session of its own, and is gone itself, once that is there.
rm -f daemonized
setsid sh -c 'echo yes >daemonized; exec sleep infinity' &
until [ -s daemonized ]; do :; done
