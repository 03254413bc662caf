"""An account as a whole: taking everything of it along, and removing it."""

from jobs.accounts.export import FILENAME, export
from jobs.accounts.removal import drop_files, remove

__all__ = ["FILENAME", "drop_files", "export", "remove"]
