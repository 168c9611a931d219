#!/bin/sh
# Runs, unless its config says "crash: true".
grep -qs 'crash: true' "$OPAMP_CONFIG_FILE" && exit 7
exec sleep infinity
