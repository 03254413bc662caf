"""Lighthouse over the home page, a gallery and a shared page of a product that is started for it: `make lighthouse`.

Prints the four figures of each page, what the first load weighs without pictures, sound and film, and how much the page
shifts; ends with 1 if a goal is missed. Lighthouse comes from npm when it is asked for, and is no part of the project.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.live.pages import CHROMIUM, furnish, log_in
from tests.live.product import Product, until

LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LEAST = 95
MOST_BYTES = 150_000
MOST_SHIFT = 0.0
TRIES = 3
MEDIA = ("/media/", "/samples/", "/static/pictures/")
LATER = ("/changes/",)  # what a page asks for again and again
EMAIL = "lighthouse@example.org"
# Nobody shall find a shared page by searching, so this audit has to fail there; the category is judged without it.
NOT_INDEXED = "is-crawlable"
FLAGS = "--headless=new --no-sandbox --disable-gpu"


@dataclass(frozen=True)
class Figures:
    """Of one page: the categories (0 to 100), bytes over the wire, layout shift."""

    name: str
    scores: Mapping[str, int]
    sent: int
    shift: float

    @property
    def missed(self) -> list[str]:
        low = [f"{name} {score}" for name, score in self.scores.items() if score < LEAST]
        heavy = [f"{self.sent} bytes"] if self.sent > MOST_BYTES else []
        return low + heavy + ([f"shift {self.shift}"] if round(self.shift, 3) > MOST_SHIFT else [])

    def __str__(self) -> str:
        scores = "  ".join(f"{name} {score}" for name, score in self.scores.items())
        line = f"{self.name:8} {scores}  first load {self.sent / 1000:.1f} KB  shift {self.shift:.3f}"
        return f"{line}  MISSED: {', '.join(self.missed)}" if self.missed else line


def score(report: Mapping[str, Any], category: str, without: str = "") -> int:
    """A category's mean, as Lighthouse weighs it; `without` one audit."""
    parts = [part for part in report["categories"][category]["auditRefs"] if part["weight"] and part["id"] != without]
    scored = [(report["audits"][part["id"]]["score"], part["weight"]) for part in parts]
    known = [(value, weight) for value, weight in scored if value is not None]
    return int(100 * sum(value * weight for value, weight in known) / sum(weight for _, weight in known) + 0.5)


def figures(name: str, url: str, cookie: str, folder: Path) -> Figures:
    """What Lighthouse finds on the page at `url`, as the owner of `cookie` sees it."""
    out = folder / f"{name}.json"
    argv = [
        "npx",
        "--yes",
        LIGHTHOUSE,
        url,
        "--quiet",
        "--output=json",
        f"--output-path={out}",
        f"--chrome-flags={FLAGS}",
    ]
    if cookie:
        argv.append(f"--extra-headers={json.dumps({'Cookie': cookie})}")
    # Now and then it loses its trace of the page, and asks to be run again.
    for left in reversed(range(TRIES)):
        if not subprocess.run(argv, check=not left, env=os.environ | {"CHROME_PATH": CHROMIUM}).returncode:
            break
    report = json.loads(out.read_text())
    requests = report["audits"]["network-requests"]["details"]["items"]
    sent = sum(one["transferSize"] for one in requests if not any(part in one["url"] for part in MEDIA + LATER))
    unfound = NOT_INDEXED if name == "shared" else ""
    scores = {category: score(report, category, unfound if category == "seo" else "") for category in CATEGORIES}
    return Figures(name, scores, sent, report["audits"]["cumulative-layout-shift"]["numericValue"])


def main() -> int:
    if not shutil.which("npx"):
        sys.exit("This needs npx, which comes with Node.js.")
    missed = False
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        product = Product(Path(data) / "data", ALLOW_PRIVATE_NETWORK="1", EXAMPLES="1")
        product.start()
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            furnished = furnish(browser, product, EMAIL)
            person = browser.new_context(base_url=product.url)
            page = person.new_page()
            log_in(page, EMAIL)

            def complete() -> bool:
                page.goto("/")
                return page.locator(".ways [data-video]").count() == 3

            until(complete, 300)
            cookie = "; ".join(
                f"{one['name']}={one['value']}" for one in person.cookies() if "session" in str(one.get("name"))
            )
            browser.close()
            visits = (("home", "/", ""), ("gallery", "/gallery/", cookie), ("shared", furnished.shared[0], ""))
            for name, path, as_whom in visits:
                found = figures(name, product.url + path, as_whom, Path(data))
                missed |= bool(found.missed)
                sys.stdout.write(f"{found}\n")
                sys.stdout.flush()
        finally:
            product.stop()
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
