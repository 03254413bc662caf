"""What a process of ours becomes: a limited child, or the server that forks such children (see `children`).

- `python -m jobs.process child MODULE PARENT`
- `python -m jobs.process forkserver PRELOAD DESCRIPTOR`
"""

import sys

from jobs.process import child, forkserver

if __name__ == "__main__":
    what, name, number = sys.argv[1:]
    {"child": child.launch, "forkserver": forkserver.serve}[what](name, int(number))
