"""The libraries of the engine's child, loaded by importing this module: half a second of its processor's time.

A child is forked from a process that has imported it (see `jobs.process.run_module`). It starts no threads.
"""

from jobs.engines.local import pipeline  # noqa: F401
from jobs.engines.local.faces import face

face.face_mesh()
