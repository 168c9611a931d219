#!/bin/sh
# An agent that prints as fast as its output is taken.
exec yes "a line of an agent that has much to say, and says it again and again"
