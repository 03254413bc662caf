"""What browsers keep for ever has a name that changes with what is in it."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from lipsync_site import settings as product

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
IMPORTED = re.compile(r"""(?:from|import\()\s*["'](\.[^"']+)["']""")


@pytest.mark.slow
def test_scripts_name_the_scripts_that_they_import_by_their_hash(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": product.STORAGES["staticfiles"]}
    call_command("collectstatic", interactive=False, verbosity=0)
    scripts = [path for path in (tmp_path / "js").glob("*.js") if HASHED.search(path.name)]
    imported = {(path, name) for path in scripts for name in IMPORTED.findall(path.read_text())}
    assert len(imported) > 10
    assert [name for _, name in imported if not HASHED.search(name)] == []
    assert [name for path, name in imported if not (path.parent / name).exists()] == []
