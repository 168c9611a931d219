#!/bin/sh
# Runs until it is told to stop.
exec sleep infinity
