"""Every page, light and dark, narrow and wide, against the rules of axe-core: none is broken."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.pages import ANYBODYS, OWN, plan_batch, sign_up
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
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{path}: {rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]


def test_no_page_breaks_a_rule(reader: Page, product: Product, axe: str, request: pytest.FixtureRequest) -> None:
    email = f"{request.node.callspec.id}@example.org"
    reader.goto("/")
    # All examples are made, and so have their players.
    until(lambda: reader.reload() and reader.locator(".way__sign[data-video]").count() == 3, 120)
    problems = [problem for path in ANYBODYS for problem in broken(reader, path, axe)]
    sign_up(reader, email)
    reader.goto("/studio/?sample=1")
    reader.locator("#generate").click()
    reader.wait_for_url("**/gallery/")
    card = reader.locator("#gallery .card").first
    until(lambda: card.get_attribute("data-state") == "done", 120)
    job = str(card.locator(".card__title a").get_attribute("href"))
    reader.goto(job)
    reader.locator("#share-on").click()
    shared = reader.locator("#share-address").inner_text().removeprefix(product.url)
    planned, made = plan_batch(reader), plan_batch(reader)
    reader.locator("#make").click()
    reader.locator("#batch-live").wait_for()
    for path in (*OWN, job, shared, f"{shared}player/", planned, made):
        problems += broken(reader, path, axe)
    reader.goto(job)
    reader.locator("#delete").click()
    reader.wait_for_url("**/gallery/")
    problems += broken(reader, "/gallery/", axe)
    expect(reader.get_by_role("button", name="Undo")).to_be_visible()
    assert problems == []
