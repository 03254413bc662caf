"""Clearing away: files that belong to no job, and scratch folders of processes that are gone."""

import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.cache import cache

from jobs.engines.base import MAX_RUN_SECONDS
from jobs.media.storage import drop_unused
from jobs.models import Media

ORPHAN_AFTER = timedelta(hours=24)  # an upload may wait for its submission so long
SCRATCH_SECONDS_LEFT = 3600
EVERY_SECONDS = 600


def tidy(now: datetime) -> bool:
    """Clear away, at most every ten minutes, whoever calls. False if the storage of files does not answer."""
    if not cache.add("media.tidy", True, EVERY_SECONDS):
        return True
    nobodys = Media.objects.of_no_job()
    answered = drop_unused(*nobodys.filter(created__lt=now - ORPHAN_AFTER)[:500])
    too_old = time.time() - MAX_RUN_SECONDS - SCRATCH_SECONDS_LEFT
    for folder in (Path(settings.DATA_DIR) / "scratch", Path(settings.FILE_UPLOAD_TEMP_DIR)):
        for entry in folder.glob("*"):
            if entry.stat().st_mtime < too_old:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return answered
