"""NumPy comes later, or never: what needs no arrays runs without it."""

import json
import subprocess
import sys

from demos_py.core.demo import find, ids

# Runs demos where NumPy cannot be imported, as in a page to which it has not come yet.
WITHOUT = """
import sys

class NotHere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "numpy":
            raise ImportError("NumPy is not here")

sys.meta_path.insert(0, NotHere())
import json
from demos_py.core import later

later.import_later("numpy")
from demos_py.core import bridge, params
from demos_py.core.demo import find, finished, ids

for demo_id in ids():
    find(demo_id)
for demo_id in json.loads(sys.argv[1]):
    demo = find(demo_id)
    def ask(**request):
        reply = json.loads(finished(bridge.answer(json.dumps({"key": demo_id, **request}))))
        assert "error" not in reply, (demo_id, request, reply)
        return reply
    ask(type="open", uid=demo_id, demo=demo_id, preset="", link="")
    first = demo.params()
    values = {name: c.write(getattr(first, name)) for name, c in params.controls(first).items()}
    for name, control in params.controls(first).items():
        tries = list(control.options) if control.kind == "choice" else []
        if control.kind == "slider":
            tries = [control.show(control.low), control.show(control.high)]
        for one in tries:
            ask(type="change", values=values | {name: [one]})
    if demo.moves:
        ask(type="seek", to=40)
assert later.is_waiting("numpy")
"""
LIGHT = sorted(demo_id for demo_id in ids() if not find(demo_id).uses_numpy)


def test_half_of_the_figures_need_no_numpy() -> None:
    assert {"rate-limits/retry-storm", "mcp-a2a/lifecycle", "kv-cache/allocator"} <= set(LIGHT)
    assert find("sampling/distribution").uses_numpy and find("transformer/forward-pass").uses_numpy


def test_figures_that_need_no_numpy_run_where_there_is_none() -> None:
    # under CPython a table of facts is read from disk by core.native, whose onnxruntime needs NumPy
    tables = {demo_id for demo_id in LIGHT if find(demo_id).waits}
    given = json.dumps([demo_id for demo_id in LIGHT if demo_id not in tables])
    done = subprocess.run([sys.executable, "-c", WITHOUT, given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
