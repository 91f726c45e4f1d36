/**
 * Compiles the Python in wheels with the Python that will run it: node compile.mjs PYODIDE IN OUT [IN OUT ...]
 *
 * Compiling is a third of what an import costs in the browser. In a wheel of ours (cutaway) the sources stay,
 * for a reader who wants to see them. The others are made small, as each byte of them is waited for: only compiled
 * files, without docstrings, and without what a compiler or a checker of types would want.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const PYTHON = `
import base64, hashlib, io, os, py_compile, re, zipfile

NOT_RUN = re.compile(
    r"\\.(pyi|pxd|pyx|h|c|a|ini|pc|build|src|f90|inc)$|/py\\.typed$"
    r"|^numpy/(.*/)?(tests|include|_examples|_pyinstaller)/|^numpy/(f2py/|distutils/|conftest|_configtool|typing/mypy_plugin|testing/(overrides|print_coercion_tables))"
)

def entry(path):
    info = zipfile.ZipInfo(path, date_time=(2020, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info

def compiled(path, source, docstrings):
    """The bytes of the .pyc; never checked against a source, which is part of the same wheel."""
    with open("/tmp/source.py", "wb") as file:
        file.write(source)
    made = py_compile.compile("/tmp/source.py", "/tmp/made.pyc", dfile="/lib/python3.14/site-packages/" + path,
                              doraise=True, optimize=0 if docstrings else 2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    with open(made, "rb") as file:
        return file.read()

def recompiled(wheel, with_sources):
    files = {}
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for path in archive.namelist():
            if NOT_RUN.search(path) and not with_sources:
                continue
            data = archive.read(path)
            if path.endswith(".py"):
                folder, name = os.path.split(path[:-3])
                if with_sources:
                    files[path] = data
                    files[f"{folder}/__pycache__/{name}.cpython-314.pyc"] = compiled(path, data, True)
                else:
                    files[path + "c"] = compiled(path, data, False)
            elif path.endswith("/RECORD"):
                record = path
            elif not path.endswith("/"):
                files[path] = data
    lines = []
    for path, data in sorted(files.items()):
        sum_ = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={sum_},{len(data)}")
    files[record] = "\\n".join([*lines, f"{record},,", ""]).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(files.items()):
            archive.writestr(entry(path), data)
    return out.getvalue()

recompiled
`;

const [folder, ...pairs] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(folder, "pyodide.mjs")).href);
const pyodide = await loadPyodide();
const recompiled = pyodide.runPython(PYTHON);
for (let i = 0; i < pairs.length; i += 2) {
  const wheel = pyodide.toPy(new Uint8Array(readFileSync(pairs[i])));
  const made = recompiled(wheel.tobytes(), basename(pairs[i]).startsWith("cutaway-"));
  mkdirSync(dirname(pairs[i + 1]), { recursive: true });
  writeFileSync(pairs[i + 1], made.toJs());
}
