"""Starts a limited child: `python -m jobs.process MODULE`, the request on stdin (see `jobs.process.parent`)."""

import sys

from jobs.process.child import launch

if __name__ == "__main__":
    launch(sys.argv[1])
