/**
 * What of the standard library can be imported: node imports.mjs PYODIDE LIBRARY, the latter a python_stdlib.zip.
 * Prints, as JSON, why each module that cannot be imported cannot.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, library] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(folder, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ stdLibURL: resolve(library), stdout: () => {} });
console.log(
  pyodide.runPython(`
import importlib, json, sys, warnings, zipfile
warnings.simplefilter("ignore")
found = {}
for name in sorted(zipfile.ZipFile(next(path for path in sys.path if path.endswith(".zip"))).namelist()):
    module = name.removesuffix("c").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if not name.endswith((".py", ".pyc")) or module.endswith("__main__"):
        continue
    try:
        importlib.import_module(module)
    except BaseException as error:
        found[module] = f"{type(error).__name__}: {error}"
json.dumps(found)
`),
);
