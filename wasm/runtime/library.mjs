/**
 * The standard library with what a start imports of it compiled: node library.mjs PYODIDE LIBRARY OUT WHEEL [WHEEL ...]
 *
 * Pyodide's has sources only, and to compile them is two thirds of the time that it takes to start. LIBRARY is that
 * of wasm/stdlib.py. What Python itself, the book in these wheels and NumPy import becomes a compiled file without
 * docstrings; the rest stays source, which is smaller. The same files give the same bytes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, library, out, ...wheels] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(folder, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ stdLibURL: resolve(library), env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0" } });
for (const wheel of wheels) {
  pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir: "/lib/python3.14/site-packages" });
}
const made = pyodide.runPython(`
import importlib, io, py_compile, sys, zipfile

importlib.invalidate_caches()
import numpy, numpy.linalg, numpy.random
from demos_py.core import bridge, demo, render

for name in demo.ids():
    demo.find(name)
render.environment()
place = next(path for path in sys.path if path.endswith(".zip"))
imported = {str(getattr(module.__spec__, "origin", "")) for module in list(sys.modules.values()) if module}

def compiled(path, source):
    with open("/tmp/source.py", "wb") as file:
        file.write(source)
    py_compile.compile("/tmp/source.py", "/tmp/made.pyc", dfile=path, doraise=True, optimize=2,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    with open("/tmp/made.pyc", "rb") as file:
        return file.read()

out = io.BytesIO()
with zipfile.ZipFile(place) as library, zipfile.ZipFile(out, "w") as archive:
    for name in library.namelist():
        path, data = f"{place}/{name}", library.read(name)
        if path in imported:
            name, data = name + "c", compiled(path, data)
        entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, data, zipfile.ZIP_DEFLATED, compresslevel=9)
out.getvalue()
`);
writeFileSync(out, made.toJs());
