"""Where the site's own styles, scripts, fonts and pictures are kept for browsers."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Hashed(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Every file under a name with its hash, scripts that other scripts import included: browsers keep all of them."""

    support_js_module_import_aggregation = True


def collect() -> None:
    """Put them in place, unless those of just these are there: to name and compress them takes seconds."""
    root, digest = Path(settings.STATIC_ROOT), _digest()
    mark = root.with_name(f"{root.name}.sha256")
    if mark.exists() and mark.read_text() == digest and (root / Hashed.manifest_name).exists():
        return
    mark.unlink(missing_ok=True)  # what is there is nothing whole until the end
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(digest)


def _digest() -> str:
    """Of all that goes in, and of what it goes through."""
    known = hashlib.sha256(f"{version('django')} {version('whitenoise')} ".encode() + Path(__file__).read_bytes())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: str(found[0])):
            content = Path(storage.path(name)).read_bytes()
            known.update(f"{name} {len(content)} ".encode() + content)
    return known.hexdigest()
