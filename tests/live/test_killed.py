"""Everything killed while a job renders, then started again: the job ends, and no credit is lost."""

from pathlib import Path

import pytest

from tests.live.product import FRESH, Caller, Product, until

pytestmark = pytest.mark.live


def test_after_kill_9_of_everything_the_job_still_ends(tmp_path: Path) -> None:
    product = Product(tmp_path / "data", FRESH)
    product.start()
    caller = Caller(product, product.manage("create_api_key", "program@example.org"))
    job_id = caller.submit(resolution="720p")
    until(lambda: caller.job(job_id)["progress"] > 0.2, 90)
    product.kill()
    assert until(lambda: not product.processes(), 10)

    product.start()
    job = caller.ended(job_id)
    assert job["status"] == "completed", job
    product.manage("check_ledger")
    assert product.stop() == 0


def test_ctrl_c_hands_the_job_back_and_the_next_start_goes_on(tmp_path: Path) -> None:
    product = Product(tmp_path / "data", LEASE_SECONDS="600")  # only a hand-back can be this quick
    product.start()
    caller = Caller(product, product.manage("create_api_key", "program@example.org"))
    job_id = caller.submit(resolution="720p")
    until(lambda: caller.job(job_id)["progress"] > 0.1, 90)
    assert product.stop() == 0
    assert product.processes() == []
    product.start()
    assert caller.ended(job_id)["status"] == "completed"
    assert product.stop() == 0
