"""The libraries of the engine's child, and its models of speech: for renders, which have a voice to listen to."""

from time import process_time

from jobs.engines.local import pacing, preload  # noqa: F401
from jobs.engines.local.voice import activity, ear, words

_began = process_time()
ear.load()
activity.load()
words.load()
# Not that of the modules, which are compiled when they are loaded for the first time.
pacing.note_loading(process_time() - _began)
