"""The NumPy that readers get is the one that was checked, and computes right under the pinned Pyodide."""

import subprocess

import pytest

from wasm.assets import BUILD, ROOT, digest
from wasm.wheels import NUMPY


def test_wheel_is_the_recorded_one() -> None:
    record = (NUMPY.parent / "README.md").read_text()
    assert f"`{NUMPY.name}`" in record
    assert digest(NUMPY.read_bytes()) in record
    assert f"{NUMPY.stat().st_size:,} bytes" in record


@pytest.mark.slow
def test_numpy_computes_right_in_pyodide() -> None:
    """The wheel as readers get it: compiled, and without what no page uses."""
    [wheel] = (BUILD / "compiled").glob(f"*/{NUMPY.name}")
    command = ["node", str(NUMPY.parent / "check.mjs"), str(wheel), str(ROOT / "node_modules/pyodide")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "ALL OK" in said and "FAIL" not in said, said
