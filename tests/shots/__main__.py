"""Every page of a running product, in both languages, light and dark, on a phone and on a desk: `make shots OUT=DIR`.

The product is started anew with data of its own, and the videos on the pages are made by the engine. DIR gets a PNG of
each page, a contact sheet (JPEG) of each language, theme and width, and an `index.html` that shows all of it.
"""

import argparse
import contextlib
import itertools
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, expect, sync_playwright

from tests.live.pages import ANYBODYS, CHROMIUM, OWN, RENDER_SECONDS, Furnished, furnish, log_in, sign_up
from tests.live.product import Product
from tests.pictures import read_picture

LANGUAGES = {"en": "en-GB", "de": "de-DE"}
THEMES: Sequence[str] = ("light", "dark")
WIDTHS = (390, 1440)
HEIGHT = 900
MOST_HEIGHT = 6000  # of one picture; the contact sheet shows less
ADMIN = ("/admin/", "/admin/jobs/job/", "/admin/jobs/wallet/", "/admin/jobs/movement/", "/admin/jobs/delivery/")
MAKER, NEWCOMER, ADMINISTRATOR = "maker@example.org", "newcomer@example.org", "operator@example.org"
EMPTY = ("/gallery/", "/api-keys/", "/webhooks/", "/credits/")
MAKE_ADMIN = (
    "from jobs.models import User; u = User.objects.get(email='{email}'); u.is_staff = u.is_superuser = True; u.save()"
)
THUMB = {390: 240, 1440: 560}  # how wide on a contact sheet
THUMB_RATIO = {390: 3.2, 1440: 1.6}  # how many times as high at most
SHEET_WIDTH = 3600
GAP = 16
IDLE_MS = 3000
# A picture is taken when nothing moves any more, and no film is caught between two frames.
SETTLED = """async () => {
    await document.fonts.ready;
    for (const image of document.images) { image.loading = "eager"; await image.decode().catch(() => {}); }
    document.getAnimations().forEach((animation) => { try { animation.finish() } catch { animation.cancel() } });
}"""

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class View:
    """How a page is looked at."""

    language: str
    theme: str
    width: int

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}-{self.width}"

    def browser(self, browser: Browser, product: Product, state: str | Path | None) -> BrowserContext:
        return browser.new_context(
            base_url=product.url,
            locale=LANGUAGES[self.language],
            color_scheme="dark" if self.theme == "dark" else "light",
            viewport={"width": self.width, "height": HEIGHT},
            reduced_motion="reduce",
            storage_state=state,
        )


VIEWS = [View(*each) for each in itertools.product(LANGUAGES, THEMES, WIDTHS)]


def name_of(path: str, who: str) -> str:
    """A file's name for a page: ids shortened."""
    short = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|msg_\w+|(?<=/s/)[\w-]{16,}|mw\w{8,}", "x", path)
    return re.sub(r"[^\w-]+", "-", f"{who}{short}").strip("-").lower()


def take(page: Page, path: str, target: Path) -> None:
    page.goto(path)
    with contextlib.suppress(TimeoutError):  # a page that watches a job is never idle
        page.wait_for_load_state("networkidle", timeout=IDLE_MS)
    page.evaluate(SETTLED)
    height = page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": page.viewport_size["width"], "height": min(height, MOST_HEIGHT)}  # type: ignore[index]
    page.screenshot(path=target, full_page=True, clip=clip, animations="disabled")  # type: ignore[arg-type]


def prepared(browser: Browser, product: Product, folder: Path) -> tuple[Furnished, dict[str, Path]]:
    """The accounts, and a logged-in browser's state for each."""
    furnished = furnish(browser, product, MAKER)
    product.manage("shell", "--verbosity", "0", "--command", f"from tests.shots.stock import stock; stock('{MAKER}')")
    states = {}
    for email in (MAKER, NEWCOMER, ADMINISTRATOR):
        person = browser.new_context(base_url=product.url)
        page = person.new_page()
        if email == MAKER:
            log_in(page, email)
            page.goto("/gallery/")
            expect(page.locator("[data-state=queued]")).to_have_count(0, timeout=RENDER_SECONDS * 2000)
            expect(page.locator("[data-state=running]")).to_have_count(1, timeout=RENDER_SECONDS * 2000)
        else:
            sign_up(page, email)
        if email == ADMINISTRATOR:
            product.manage("shell", "--verbosity", "0", "--command", MAKE_ADMIN.format(email=email))
        states[email] = folder / f"{email}.json"
        person.storage_state(path=states[email])
        person.close()
    return furnished, states


def plan(furnished: Furnished, states: dict[str, Path]) -> Iterator[tuple[str, str, Path | None]]:
    """Who looks at what: (who, path, that browser's state)."""
    for path in (*ANYBODYS, *furnished.shared, "/studio/"):
        yield "anybody", path, None
    for path in ("/", *OWN, *furnished.own):
        yield "maker", path, states[MAKER]
    for path in EMPTY:
        yield "newcomer", path, states[NEWCOMER]
    for path in ADMIN:
        yield "operator", path, states[ADMINISTRATOR]


def sheet(pictures: Sequence[Path], width: int) -> Picture:
    """All of a view's pages in columns, each cut at a height that shows what it is."""
    across, columns = THUMB[width], SHEET_WIDTH // (THUMB[width] + GAP)
    most = round(across * THUMB_RATIO[width])
    stacks: list[list[Picture]] = [[] for _ in range(columns)]
    heights = [GAP] * columns
    for path in pictures:
        picture = read_picture(path)
        high = round(picture.shape[0] * across / picture.shape[1])
        thumb = cv2.resize(picture, (across, high), interpolation=cv2.INTER_AREA)[:most]
        column = heights.index(min(heights))
        stacks[column].append(np.asarray(thumb, np.uint8))
        heights[column] += thumb.shape[0] + GAP
    whole = np.full((max(heights), columns * (across + GAP) + GAP, 3), 96, np.uint8)
    for column, stack in enumerate(stacks):
        x, y = GAP + column * (across + GAP), GAP
        for thumb in stack:
            whole[y : y + thumb.shape[0], x : x + across] = thumb
            y += thumb.shape[0] + GAP
    return whole


def index(sheets: dict[View, list[Path]]) -> str:
    """A page that shows every picture, view by view."""
    parts = ["<!doctype html><meta charset=utf-8><title>Every page</title>"]
    for view, pictures in sheets.items():
        parts.append(f"<h2>{view}</h2><p><a href='sheet-{view}.jpg'>Contact sheet</a></p>")
        for path in pictures:
            address = escape(f"{view}/{path.name}", quote=True)
            parts.append(f"<a href='{address}' title='{path.stem}'><img src='{address}' width=240 loading=lazy></a>")
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="pages whose name matches this expression")
    parser.add_argument("--views", default="", help="views whose name matches this expression, as in de-dark-390")
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    sheets: dict[View, list[Path]] = {}
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        product = Product(Path(data) / "data", ALLOW_PRIVATE_NETWORK="1", EXAMPLES="1")
        product.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            furnished, states = prepared(browser, product, Path(data))
            seen = [each for each in plan(furnished, states) if re.search(options.only, name_of(each[1], each[0]))]
            for view in (view for view in VIEWS if re.search(options.views, str(view))):
                folder = out / str(view)
                folder.mkdir(exist_ok=True)
                sheets[view] = []
                for who, group in itertools.groupby(seen, key=lambda each: each[0]):
                    pages = list(group)
                    person = view.browser(browser, product, pages[0][2])
                    page = person.new_page()
                    for _, path, _ in pages:
                        target = folder / f"{name_of(path, who)}.png"
                        take(page, path, target)
                        sheets[view].append(target)
                    person.close()
                cv2.imwrite(str(out / f"sheet-{view}.jpg"), sheet(sheets[view], view.width))
                sys.stdout.write(f"{view}: {len(sheets[view])} pages\n")
                sys.stdout.flush()
        finally:
            browser.close()
            product.stop()
    (out / "index.html").write_text(index(sheets), encoding="utf-8")
    sys.stdout.write(f"{out / 'index.html'}\n")


if __name__ == "__main__":
    main()
