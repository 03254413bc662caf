"""Every page, light and dark, narrow and wide, against the rules of axe-core: none is broken."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.pages import ANYBODYS, OWN, WALKER, Furnished, log_in
from tests.live.product import Product, until
from tests.live.test_api_live import _wheel

pytestmark = [pytest.mark.live, pytest.mark.browser]
AXE = "axe-core@4.14.1"


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm") or _wheel("npm")
    subprocess.run([npm, "install", "--silent", "--no-fund", "--no-audit", AXE], cwd=folder, check=True)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=lambda value: "-".join(map(str, value)))
def reader(request: pytest.FixtureRequest, product: Product, browser: Browser) -> Iterator[Page]:
    scheme, width = request.param
    person = browser.new_context(
        base_url=product.url,
        locale="en-GB",
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        bypass_csp=True,  # or axe itself would be kept out
    )
    yield person.new_page()
    person.close()


def broken(page: Page, path: str, axe: str) -> list[str]:
    page.goto(path)
    if path == "/api/v1/docs":  # a script makes what there is to see
        page.locator(".opblock").first.wait_for()
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(result => result.violations)")
    return [f"{path}: {rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]


def test_no_page_breaks_a_rule(reader: Page, furnished: Furnished, axe: str) -> None:
    reader.goto("/")
    # All examples are made, and so have their players.
    until(lambda: reader.reload() and reader.locator(".way__sign[data-video]").count() == 3, 120)
    problems = [problem for path in ANYBODYS for problem in broken(reader, path, axe)]
    log_in(reader, WALKER)
    for path in (*OWN, *furnished.own, *furnished.shared):
        problems += broken(reader, path, axe)
    reader.goto(furnished.own[0])
    reader.locator("#delete").click()
    reader.wait_for_url("**/gallery/")
    problems += broken(reader, "/gallery/", axe)
    reader.get_by_role("button", name="Undo").click()
    expect(reader.locator("#undo form")).to_have_count(0)
    assert problems == []
