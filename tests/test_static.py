"""What browsers keep for ever has a name that changes with what is in it."""

import re
from pathlib import Path

import pytest
from pytest_django import Settings

from lipsync_site import settings as product
from lipsync_site import static

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
IMPORTED = re.compile(r"""(?:from|import\()\s*["'](\.[^"']+)["']""")


@pytest.mark.slow
def test_scripts_name_the_scripts_that_they_import_by_their_hash(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {"staticfiles": product.STORAGES["staticfiles"]}
    static.collect()
    scripts = [path for path in (settings.STATIC_ROOT / "js").glob("*.js") if HASHED.search(path.name)]
    imported = {(path, name) for path in scripts for name in IMPORTED.findall(path.read_text())}
    assert len(imported) > 10
    assert [name for _, name in imported if not HASHED.search(name)] == []
    assert [name for path, name in imported if not (path.parent / name).exists()] == []


def test_they_are_put_in_place_anew_when_one_has_changed_and_only_then(settings: Settings, tmp_path: Path) -> None:
    source, root = tmp_path / "source" / "site.css", tmp_path / "static"
    source.parent.mkdir()
    source.write_text("p { color: red }")
    settings.STATIC_ROOT, settings.STATICFILES_DIRS = root, [source.parent]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": product.STORAGES["staticfiles"]}

    def removed_and_collected() -> bool:
        """Whether what was removed is there again."""
        (root / "site.css").unlink()
        static.collect()
        return (root / "site.css").exists()

    static.collect()
    assert not removed_and_collected()
    source.write_text("p { color: green }")
    static.collect()
    assert (root / "site.css").read_text() == source.read_text()
    (root / "staticfiles.json").unlink()
    assert removed_and_collected()
    assert not removed_and_collected()
