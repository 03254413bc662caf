"""Wallets that hold little, so that they run out."""

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def grants(settings: Settings) -> None:
    settings.GRANT_API_CREDITS = settings.GRANT_USER_CREDITS = 100
