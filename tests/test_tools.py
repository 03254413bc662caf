"""The tools that made what is bundled still go with the code: each module of theirs can be loaded."""

import sys
from importlib import util
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"
ELSEWHERE = {"bpy", "torch"}  # what tools need and the product does not


@pytest.mark.parametrize("path", sorted(TOOLS.glob("*/*.py")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_it_loads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(path.parent))
    spec = util.spec_from_file_location(f"tool_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as missing:
        if missing.name not in ELSEWHERE:
            raise
        pytest.skip(f"needs {missing.name}")
