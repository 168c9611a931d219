#!/bin/sh
echo "cannot start today"
exit 3
