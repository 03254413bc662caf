"""The API's own document used against it: nothing answers 500, nothing answers what the document does not say."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.product import ROOT, Product

pytestmark = pytest.mark.live
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "8")  # for each operation; `make fuzz` takes more
MUCH = "1000000"


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An installation without limits, which fetches nothing from this machine."""
    running = Product(
        tmp_path_factory.mktemp("fuzz") / "data",
        MAX_SUBMISSIONS_A_MINUTE=MUCH, MAX_REQUESTS_A_MINUTE=MUCH, MAX_OPEN_JOBS=MUCH, GRANT_API_CREDITS=MUCH,
    )  # fmt: skip
    running.start()
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("with_key", [True, False], ids=["with a key", "without a key"])
def test_the_document_holds_whatever_is_sent(with_key: bool, patient: Product, tmp_path: Path) -> None:
    key = patient.manage("create_api_key", "fuzz@example.org") if with_key else "sk_none"
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "--config-file", ROOT / "schemathesis.toml",
            "run", f"{patient.url}/api/v1/openapi.json", "--header", f"Authorization: Bearer {key}",
            "--max-examples", EXAMPLES, "--seed", "1", "--request-timeout", "30", "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert "Traceback" not in patient.log.read_text()
    patient.manage("check_ledger")
