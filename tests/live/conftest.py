"""One running product for the tests that only use it."""

from collections.abc import Iterator

import pytest

from tests.live.product import Caller, Product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("live") / "data", ALLOW_PRIVATE_NETWORK="1")
    running.start()
    yield running
    assert running.stop() == 0
    assert running.processes() == []


@pytest.fixture(scope="session")
def caller(product: Product) -> Caller:
    return Caller(product, product.manage("create_api_key", "program@example.org"))
