#!/usr/bin/python3
"""An agent that prints numbered lines: printing.py RATE [COUNT [WIDTH]]. RATE lines a second (0: as fast as it can), COUNT of them (0:
for ever), then it idles. How many it has printed for certain is in the file progress.PID of its working directory."""

import mmap
import os
import signal
import sys
import time

rate, count, width = [int(word) for word in sys.argv[1:]] + [0, 40][len(sys.argv) - 2:]
progress = os.open(f"progress.{os.getpid()}", os.O_RDWR | os.O_CREAT, 0o600)
os.ftruncate(progress, 8)
done = mmap.mmap(progress, 8)
began = time.monotonic()
i = 0
while not count or i < count:
    i += 1
    if rate:
        time.sleep(max(0, began + i / rate - time.monotonic()))
    os.write(1, f"line {i} ".ljust(width - 1, ".").encode() + b"\n")
    done[:8] = i.to_bytes(8, "little")
while True:
    signal.pause()
