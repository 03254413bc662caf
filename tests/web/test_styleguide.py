"""The style guide: all of it while DEBUG is on. That it is not there otherwise stands in the table of `test_access`."""

import re
from collections import Counter

import pytest
from django.test import Client
from pytest_django import Settings

from jobs.models import Status
from jobs.web.styleguide import COLOURS, ICONS_FILE
from tests.web.reading import source


@pytest.fixture
def guide(anybody: Client, settings: Settings) -> str:
    settings.DEBUG = True
    return source(anybody.get("/styleguide/"))


def test_both_themes_show_every_state_and_every_icon(guide: str) -> None:
    _, *sides = re.split(r'<div class="guide guide--(?:light|dark)"', guide)

    assert len(sides) == 2
    icons = set(re.findall(r'<symbol id="([\w-]+)"', ICONS_FILE.read_text()))
    for side in sides:
        assert set(re.findall(r'data-state="(\w+)"', side)) == set(Status.values)
        assert icons <= set(re.findall(r'icons[^"#]*\.svg#([\w-]+)"', side))
        assert all(f"--{colour}<" in side for colour in COLOURS)


def test_an_id_is_there_once(guide: str) -> None:
    ids = Counter(re.findall(r'\sid="([^"]+)"', guide))

    assert [name for name, times in ids.items() if times > 1] == []


def test_every_colour_has_its_swatch(guide: str) -> None:
    styles = (ICONS_FILE.parent / "css" / "styleguide.css").read_text()

    assert all(f".sw-{colour} {{\n    background: var(--{colour});" in styles for colour in COLOURS)
