"""Serves a study in a child process for every line on stdin; prints the child's process id.

Usage: python forking_server.py FOLDER PORT. Forking spares each restart the imports.
"""

import os
import signal
import sys
from pathlib import Path

from study_server import commands

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
folder, port = Path(sys.argv[1]), int(sys.argv[2])
child = 0
for _ in sys.stdin:
    if child:
        os.waitpid(child, 0)
    child = os.fork()
    if child == 0:
        commands.serve(folder, port=port)
        os._exit(0)
    print(child, flush=True)
