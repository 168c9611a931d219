#!/usr/bin/python3
"""Prints what it was given as one line of JSON, then runs until it is told to stop."""

import json
import os
import pathlib
import signal
import sys

blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
ignored = [name.name for name in signal.Signals if name.name not in ("SIGPIPE", "SIGXFSZ")  # Python's own doing
           and signal.getsignal(name) == signal.SIG_IGN]
descriptors = {}
for entry in pathlib.Path("/proc/self/fd").iterdir():
    try:
        descriptors[entry.name] = os.readlink(entry)
    except OSError:
        continue  # the one that lists this folder
config = pathlib.Path(os.environ["OPAMP_CONFIG_FILE"])
print(json.dumps({"environment": dict(os.environ), "arguments": sys.argv, "working_directory": os.getcwd(), "descriptors": descriptors,
                  "blocked": [signal.Signals(number).name for number in blocked], "ignored": ignored, "pid": os.getpid(),
                  "group": os.getpgrp(), "config": config.read_text() if config.exists() else None}), flush=True)
signal.pause()
