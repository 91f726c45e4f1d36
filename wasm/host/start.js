/**
 * Starts Python in this worker: from a memory snapshot where one was kept, else from the beginning. NumPy comes
 * beside it, and only for a figure that needs it.
 */
import { loadPyodide } from "pyodide";
import { gunzip, untar } from "./assets.js";
import { models } from "./models.js";

/** @typedef {import("./assets.js").Assets} Assets */

const CODE = "pyodide.asm.mjs";
const RUNTIME = [CODE, "pyodide.asm.wasm", "python_stdlib.zip"];
const BOOK = "book.tar.gz"; // the demos and Jinja2
export const NUMPY = "numpy.tar.gz";
const SNAPSHOT = "snapshot.gz"; // of a Python that has imported the book: runtime/snapshot.mjs
const PACKAGES = "/lib/python3.14/site-packages";
const IDLE = 3000; // milliseconds after a start before anything is fetched for the next one

/**
 * @typedef {object} Wish
 * @property {boolean} snapshot whether a memory snapshot may be used
 * @property {string} provider where models run; empty: the best there is
 * @property {(doing: number, read: number, total: number, restoring: boolean) => void} tell
 * @property {(what: string, read: number, total: number) => void} loading
 */

/**
 * @param {Assets} assets @param {Wish} wish
 * @returns {Promise<{answer: (message: string) => any, numpy: () => Promise<void>}>}
 */
export async function startPython(assets, { snapshot, provider, tell, loading }) {
  let read = 0;
  let total = 0;
  let doing = 0;
  let told = -Infinity;
  let restoring = false;
  const say = () => tell(doing, read, total, restoring);
  const count = (/** @type {number} */ bytes) => {
    read += bytes;
    if (performance.now() - told < 100) return;
    told = performance.now();
    say();
  };
  /** @param {string} name */
  const opened = (name) => {
    total += assets.total(name);
    return assets.open(name, count);
  };

  // What Python starts with comes at once; Pyodide finds it under the names that it asks for. The rest waits for it,
  // as they would share one line: it arrives while Python starts.
  const files = new Map(RUNTIME.map((name) => [name, opened(name)]));
  assets.first = Promise.allSettled([...files.values()].map((file) => file.bytes));
  self.fetch = async (input) => {
    const name = String(input instanceof Request ? input.url : input).split("/").pop() ?? "";
    const file = files.get(name);
    if (!file) throw new Error(`${name} is not in this book's manifest`);
    return (await file.response).clone();
  };
  if (!snapshot) await assets.giveUp(SNAPSHOT);
  const kept = !snapshot ? null : assets.ask ? await opened(SNAPSHOT).bytes : await assets.kept(SNAPSHOT);
  restoring = Boolean(kept?.length);
  const book = restoring ? null : assets.first.then(() => assets.open(BOOK, count).bytes);
  book?.catch(() => {});
  if (book) total += assets.total(BOOK);
  say();

  const boot = async () => {
    // imported once it has been fetched and checked as a file: the browser's cache then has it
    const code = /** @type {Uint8Array} */ (await files.get(CODE)?.bytes);
    const { default: createPyodideModule } = await assets.module(CODE, code);
    doing = 1;
    say();
    const options = restoring && kept ? { _loadSnapshot: gunzip(kept) } : {};
    const pyodide = await loadPyodide({
      indexURL: assets.base,
      lockFileContents: /** @type {any} */ (assets.manifest.lock),
      createPyodideModule,
      .../** @type {object} */ (options),
    });
    doing = 2;
    restoring = false;
    say();
    if (book) {
      unpack(pyodide, await gunzip(await book));
      pyodide.runPython("from demos_py.core.later import import_later; import_later('numpy')");
    } else {
      // each reader's own chance, and not that of the build
      pyodide.runPython("import random; random.seed()");
    }
    pyodide.pyimport("demos_py.core.browser").host = models(assets, provider, loading);
    return pyodide;
  };
  // a bad download is the better explanation of whatever else went wrong
  const booted = boot().then((pyodide) => ({ pyodide }), (error) => ({ error }));
  await Promise.all([...files.values()].map((file) => file.bytes));
  const found = await booted;
  if ("error" in found) throw found.error;
  const { pyodide } = found;

  /** @type {Promise<void> | null} */
  let here = null;
  const loadNumpy = async () => {
    unpack(pyodide, await gunzip(await assets.bytes(NUMPY, part("NumPy", assets.total(NUMPY), loading))));
    pyodide.runPython("import numpy; numpy.ndarray");
  };
  if (!assets.ask && !kept && !(/** @type {any} */ (navigator).connection?.saveData)) {
    setTimeout(() => assets.keep(SNAPSHOT), IDLE);
  }
  return {
    answer: pyodide.pyimport("demos_py.core.bridge").answer,
    numpy: () => (here ??= loadNumpy().catch((error) => { here = null; throw error; })),
  };
}

/** Counts the pieces of one download. @param {string} what @param {number} total @param {Wish["loading"]} loading */
function part(what, total, loading) {
  let read = 0;
  return (/** @type {number} */ bytes) => loading(what, (read += bytes), total);
}

/** Puts an archive's files where Python finds its packages. @param {any} pyodide @param {Uint8Array} archive */
function unpack(pyodide, archive) {
  const made = new Set([""]);
  for (const { name, bytes } of untar(archive)) {
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    if (!made.has(folder)) pyodide.FS.mkdirTree(`${PACKAGES}/${folder}`);
    made.add(folder);
    pyodide.FS.writeFile(`${PACKAGES}/${name}`, bytes, { canOwn: true });
  }
  pyodide.runPython("import importlib; importlib.invalidate_caches()");
}
