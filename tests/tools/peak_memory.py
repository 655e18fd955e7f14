"""Runs a command and writes the largest resident memory that it had, in KiB, to a file: peak_memory.py FILE COMMAND..."""

import resource
import subprocess
import sys

ended = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL)
with open(sys.argv[1], "w") as peak:
    peak.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(ended.returncode if ended.returncode >= 0 else 128 - ended.returncode)
