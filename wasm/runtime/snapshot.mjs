/**
 * The memory of a Python that has imported the book's code: node snapshot.mjs PYODIDE LIBRARY OUT WHEEL [WHEEL ...]
 *
 * A reader's Python that begins with it need not start, import and compile again. It holds the standard library as
 * far as the book and NumPy use it, Jinja2 with every template compiled, and every demo. NumPy itself cannot be
 * inside, as it is native code; it stands there as a module that loads itself when a demo first uses it.
 *
 * LIBRARY is the python_stdlib.zip that readers get (library.mjs). The same files give the same bytes: there is
 * no clock here, no chance, no path of this machine, and its time zone and language are set by who runs this.
 */
import nodeCrypto from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [folder, library, out, ...wheels] = process.argv.slice(2);
process.argv.splice(1, Infinity, "snapshot");
Date.now = () => Date.UTC(2020, 0, 1);
performance.now = () => 0;
nodeCrypto.randomFillSync = (/** @type {any} */ array) => array.fill(7);
// a snapshot from an engine with this can be read by no engine without it
delete WebAssembly.Suspending;
delete WebAssembly.promising;

const { loadPyodide } = await import(pathToFileURL(resolve(folder, "pyodide.mjs")).href);

/** @param {object} options */
async function start(options) {
  const env = { HOME: "/home/pyodide", PYTHONHASHSEED: "0" };
  const pyodide = await loadPyodide({ env, stdLibURL: resolve(library), ...options });
  for (const wheel of wheels) {
    pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir: "/lib/python3.14/site-packages" });
  }
  pyodide.runPython("import importlib; importlib.invalidate_caches()");
  return pyodide;
}

// What NumPy imports of the standard library, in a Python of its own: imported beforehand, it is in the snapshot.
const other = await start({});
const wanted = other.runPython(`
import sys
import numpy, numpy.random, numpy.linalg
" ".join(sorted(name for name in sys.modules if name.split(".")[0] in sys.stdlib_module_names))
`);

const pyodide = await start({ _makeSnapshot: true });
pyodide.runPython(`
import importlib, importlib.util, pkgutil, sys

import demos_py
from demos_py.core import later

later.import_later("numpy")

for name in """${wanted}""".split():
    importlib.import_module(name)

from demos_py.core import bridge, browser, demo, render

for name in demo.ids():
    demo.find(name)
for name in render.environment().list_templates(["jinja"]):
    render.environment().get_template(name)
if not later.is_waiting("numpy"):
    raise ImportError("a module of demos_py uses NumPy while it is imported: make its arrays in a function")
del name
`);
writeFileSync(out, gzipSync(pyodide.makeMemorySnapshot(), { level: 9 }));
