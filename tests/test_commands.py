"""What make offers besides tests can be started: nothing else runs these programs."""

import os
import subprocess
import sys

import pytest

PROGRAMS = (
    "tests.shots.__main__",
    "tests.lighthouse.__main__",
    "tests.bench.bench_engine",
    "jobs.engines.local.measuring.__main__",
)


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_loads_on_its_own(program: str) -> None:
    """As make starts it: without the settings that tests run with."""
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    loaded = subprocess.run([sys.executable, "-c", f"import {program}"], env=kept, capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
