/**
 * Starts Python in this worker: from a memory snapshot where one was kept, else from the beginning. NumPy comes
 * beside it, and only for a figure that needs it.
 */
import { loadPyodide } from "pyodide";
import { gunzip, untar } from "./assets.js";
import { models } from "./models.js";

/** @typedef {import("./assets.js").Assets} Assets */

const CODE = "pyodide.asm.mjs";
const LIBRARY = "python_stdlib.zip";
const RUNTIME = [CODE, "pyodide.asm.wasm", LIBRARY];
const BOOK = "book.tar.gz"; // the demos and Jinja2
export const NUMPY = "numpy.tar.gz";
const SNAPSHOT = "snapshot.gz"; // of a Python that has imported the book: runtime/snapshot.mjs
const KEPT = ["pyodide.asm.wasm", "python_stdlib.zip", SNAPSHOT]; // for a quick start of the next visit
const PACKAGES = "/lib/python3.14/site-packages";
const IDLE = 3000; // milliseconds after a start before anything is fetched for the next one

/**
 * @typedef {object} Wish
 * @property {boolean} snapshot whether a memory snapshot may be used
 * @property {string} provider where models run; empty: the best there is
 * @property {boolean} closed whether what Python runs may be anyone's
 * @property {boolean} keeps whether this start may fetch and keep files for the next visit
 * @property {(doing: number, read: number, total: number, restoring: boolean) => void} tell
 * @property {(what: string, read: number, total: number) => void} loading
 * @property {(now: boolean) => void} computing told of each wait of Python's for a model
 */

/**
 * @param {Assets} assets @param {Wish} wish
 * @returns {Promise<{answer: (message: string) => any, numpy: () => Promise<void>}>}
 */
export async function startPython(assets, { snapshot, closed, provider, keeps, tell, loading, computing }) {
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

  if (!snapshot) await assets.giveUp(KEPT);
  const kept = snapshot && !assets.ask ? await assets.kept(KEPT) : null;
  /** @type {Promise<Uint8Array> | null} */
  let memory = null;
  if (kept?.size) memory = /** @type {Response} */ (kept.get(SNAPSHOT)).arrayBuffer().then((found) => new Uint8Array(found));
  // what such a worker begins with the page has in its cache, or keeps
  else if (snapshot && assets.ask && !closed) memory = opened(SNAPSHOT).bytes.then(gunzip);
  memory?.catch(() => {});
  restoring = memory !== null;

  // What Python starts with comes at once; Pyodide finds it under the names that it asks for. The rest would share the
  // line with it: it comes in the order in which it is wanted, two files at a time, while Python starts.
  const files = new Map(kept?.size ? [] : RUNTIME.map((name) => [name, opened(name)]));
  self.fetch = async (input) => {
    const name = String(input instanceof Request ? input.url : input).split("/").pop() ?? "";
    const there = kept?.get(name);
    if (there) return there;
    const file = files.get(name);
    if (!file) throw new Error(`${name} is not in this book’s manifest`);
    return (await file.response).clone();
  };
  const small = Promise.allSettled([files.get(CODE)?.bytes, files.get(LIBRARY)?.bytes]);
  const book = restoring ? null : small.then(() => assets.open(BOOK, count).bytes);
  if (book) total += assets.total(BOOK);
  Promise.allSettled([small, book]).then(assets.firstAreHere);
  say();

  const boot = async () => {
    // imported once it has been fetched and checked as a file: the browser's cache then has it
    const { default: createPyodideModule } = await assets.module(CODE, await files.get(CODE)?.bytes);
    doing = 1;
    say();
    const options = memory ? { _loadSnapshot: memory } : {};
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
    pyodide.pyimport("demos_py.core.browser").host = models(assets, provider, loading, computing);
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
    unpack(pyodide, await assets.unpacked(NUMPY, part("NumPy", assets.total(NUMPY), loading)));
    pyodide.runPython("import numpy; numpy.ndarray");
  };
  // a snapshot that this visit gave up is not kept again
  if (keeps && snapshot && !assets.ask && !kept && !(/** @type {any} */ (navigator).connection?.saveData)) {
    // not asked for again: a browser's own cache does not hold every file of this size
    setTimeout(() => assets.keep(KEPT, files, (name, bytes) => (name === SNAPSHOT ? gunzip(bytes) : bytes)), IDLE);
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
