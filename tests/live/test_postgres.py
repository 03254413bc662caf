"""The whole product on PostgreSQL: a video is made, and one survives that everything is killed meanwhile."""

from pathlib import Path

import pytest

from tests import postgres
from tests.live.product import FRESH, Caller, Product, until

pytestmark = pytest.mark.live


def test_jobs_run_and_survive_on_postgresql(tmp_path: Path) -> None:
    with postgres.running() as address:
        product = Product(tmp_path / "data", FRESH, DATABASE_URL=address, ALLOW_PRIVATE_NETWORK="1")
        product.start()
        try:
            caller = Caller(product, product.manage("create_api_key", "program@example.org"))
            whole = caller.ended(caller.submit(seed=42))
            assert whole["status"] == "completed", whole
            cut_off = caller.submit(seed=43)
            until(lambda: caller.job(cut_off)["progress"] > 0, 60)
            product.kill()
            product.start()
            assert caller.ended(cut_off)["status"] == "completed"
            product.manage("check_ledger")
            assert not (tmp_path / "data" / "mundwerk.sqlite3").exists()
        finally:
            product.kill()
