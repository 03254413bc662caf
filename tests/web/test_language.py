"""German is whole: every text of ours has a translation, it is compiled, and no page falls back to English."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation.template import templatize

from jobs import keys
from jobs.models import Status, User
from tests.web.conftest import JobIn
from tests.web.reading import GERMAN, said, source

CATALOG = settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES" / "django.po"
MARKS = {"gettext", "gettext_lazy", "gettext_noop", "pgettext", "_"}
NAMED = re.compile(r"%\((\w+)\)[sd]")


def entries() -> Iterator[dict[str, str]]:
    """Each entry of the catalog: its keywords (msgid, msgstr[0] …) with their texts, and "flags"."""
    for block in CATALOG.read_text().split("\n\n"):
        entry: dict[str, str] = {"flags": ""}
        keyword = ""
        for line in block.splitlines():
            if line.startswith("#,"):
                entry["flags"] += line
            elif match := re.match(r'(msg[\w\[\]]+) (".*")$', line):
                keyword = match[1]
                entry[keyword] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                entry[keyword] += ast.literal_eval(line)
        if entry.get("msgid"):
            yield entry


ENTRIES = list(entries())


def marked() -> Iterator[tuple[str, str]]:
    """Every text that our source marks for translation, and the file it is in."""
    for path in sorted((settings.BASE_DIR / "jobs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            text = node.args[1 if name == "pgettext" else 0]
            if name in MARKS and isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value, path.name
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        for quoted in re.findall(r"""gettext\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", _as_code(path)):
            yield ast.literal_eval(quoted), path.name


def _as_code(path: Path) -> str:
    """A template as makemessages reads it."""
    return re.sub(r"\b(?:_|n?gettext)\(", "gettext(", templatize(path.read_text(), origin=str(path)))


def placeholders(text: str) -> set[str]:
    return set(NAMED.findall(text)) | {name for _, name, _, _ in Formatter().parse(NAMED.sub("", text)) if name}


def test_every_entry_has_a_translation_and_none_is_a_guess() -> None:
    assert len(ENTRIES) > 200
    for entry in ENTRIES:
        assert "fuzzy" not in entry["flags"], entry["msgid"]
        translations = [text for keyword, text in entry.items() if keyword.startswith("msgstr")]
        assert len(translations) == (2 if "msgid_plural" in entry else 1)
        assert all(translations), entry["msgid"]


def test_every_translation_has_the_placeholders_of_its_text() -> None:
    for entry in ENTRIES:
        if "msgid_plural" in entry:
            assert placeholders(entry["msgstr[0]"]) == placeholders(entry["msgid"])
            assert placeholders(entry["msgstr[1]"]) == placeholders(entry["msgid_plural"])
        else:
            assert placeholders(entry["msgstr"]) == placeholders(entry["msgid"])


def test_every_text_of_ours_is_in_the_catalog() -> None:
    known = {entry["msgid"] for entry in ENTRIES}
    found = list(marked())

    assert len(found) > 200
    assert [(text, where) for text, where in found if text not in known] == []


def test_the_compiled_catalog_is_that_of_the_source() -> None:
    with CATALOG.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for entry in ENTRIES:
        if "msgid_plural" in entry:
            both = [compiled.ngettext(entry["msgid"], entry["msgid_plural"], count) for count in (1, 2)]
            assert both == [entry["msgstr[0]"], entry["msgstr[1]"]]
        elif "msgctxt" in entry:
            assert compiled.pgettext(entry["msgctxt"], entry["msgid"]) == entry["msgstr"]
        else:
            assert compiled.gettext(entry["msgid"]) == entry["msgstr"]


ADDRESSES = (
    "/", "/studio/", "/studio/?sample=1", "/gallery/", "/docs/", "/api/v1/docs", "/api-keys/", "/nothing-here",
    "/account/", "/account/sessions/", "/account/delete/", "/accounts/2fa/",
    "/webhooks/", "/webhooks/secret/rotate/", "/credits/", "/pricing/",
    "/batches/", "/batches/new/", "/batches/new/?way=table",
    "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/password/reset/done/",
    "/accounts/password/change/", "/accounts/password/reset/key/x-y/", "/accounts/password/reset/key/done/",
    "/accounts/email/", "/accounts/logout/", "/accounts/inactive/", "/accounts/confirm-email/",
    "/accounts/confirm-email/x/", "/accounts/reauthenticate/",
)  # fmt: skip


@pytest.mark.parametrize("member", [False, True], ids=["anybody", "member"])
def test_a_german_page_says_nothing_in_english(
    anybody: Client, alices: Client, alice: User, job_in: JobIn, member: bool
) -> None:
    texts = {entry["msgid"] for entry in ENTRIES if entry.get("msgstr", entry["msgid"]) != entry["msgid"]}
    addresses = list(ADDRESSES)
    if member:
        key, _ = keys.create(alice, "laptop")
        addresses += [f"/api-keys/{key.public_id}/revoke/"]
        addresses += [f"/jobs/{job_in(status, alice).pk}/" for status in Status]
    client = alices if member else anybody

    for address in addresses:
        english = client.get(address, follow=True)
        german = client.get(address, headers=GERMAN, follow=True)
        assert english.status_code == german.status_code
        assert '<html lang="en"' in source(english)
        assert '<html lang="de"' in source(german)
        assert texts & set(said(english)), address
        assert texts & set(said(german, with_code=False)) == set(), address  # code is English everywhere
