"""The libraries of the engine's child, and its models of speech: for renders, which have a voice to listen to."""

from time import process_time

from jobs.engines.local import pacing, preload  # noqa: F401
from jobs.engines.local.voice import ear, words

ear.load()
words.load()
pacing.note_loading(process_time())
