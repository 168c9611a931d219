#!/bin/sh
# Twenty processes lose their parent, leave a file each, and end; then it runs until it is told to stop.
for number in $(seq 20); do
    (setsid sh -c "sleep 0.05; touch orphan.$number" &)
done
exec sleep infinity
