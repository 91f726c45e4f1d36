/** Where the book's files lie: on a server, or beside a page that was opened from disk. */

/** This file is `<assets>/<hash>/host.js`; read from disk it is a plain script, and the bundler puts its address in. */
export const ASSETS = new URL("../", import.meta.url).href;

/** The site's own address: of the copy that is read from disk, the one that it was built for. */
export const home = () => {
  if (location.protocol !== "file:") return new URL("../../", ASSETS).href;
  const page = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=canonical]")).href;
  const depth = document.querySelectorAll(".md-logo")[0]?.getAttribute("href")?.split("../").length ?? 1;
  return new URL("../".repeat(depth - 1) || ".", page).href;
};

/** Where the site has what figures read: for each file its address, and its sha256. @returns {Record<string, [string, string]>} */
export function dataAddresses() {
  const data = Object.entries(__MANIFEST__.files).filter(([name]) => name.includes("/") && !name.startsWith("inside/"));
  return Object.fromEntries(data.map(([name, { path, sha256 }]) => [name, [`${home()}assets/runtime/${path}`, sha256]]));
}

/** @param {string} name @returns {string} the address of an asset */
export const address = (name) => new URL(__MANIFEST__.files[name].path, ASSETS).href;

/** @type {Map<string, (text: string) => void>} files on their way into a page that was opened from disk */
const arriving = new Map();
const BrowsersWorker = Worker;

if (__DISK__) {
  // each file of that copy is a script that calls this with its name and its bytes as text
  /** @type {any} */ (window).cutawayFile = (/** @type {string} */ name, /** @type {string} */ text) => {
    arriving.get(name)?.(text);
    arriving.delete(name);
  };
  // A worker cannot come from a file there. The theme's search makes one; a script before it has put its text here.
  window.Worker = class extends Worker {
    /** @param {string | URL} address @param {WorkerOptions} [options] */
    constructor(address, options) {
      super(/** @type {any} */ (window).cutawaySearch ?? address, options);
    }
  };
}

/** @type {Map<string, Promise<void>>} scripts of the book that were asked for */
const scripts = new Map();

/** Loads a script of the manifest, once; after a failure it may be asked for again. @param {string} name */
export function loadScript(name) {
  const made = scripts.get(name) ?? new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address(name);
    script.onload = () => resolve();
    script.onerror = () => {
      scripts.delete(name);
      reject(new Error(`${name} could not be fetched`));
    };
    document.head.append(script);
  });
  scripts.set(name, made);
  return made;
}

/** A file of the manifest, for the page itself. @param {string} name @returns {Promise<Uint8Array>} */
export async function bytes(name) {
  if (__DISK__) return fromDisk(name);
  const found = await fetch(address(name), { cache: "force-cache" }).catch(() => {
    throw new Error(`${name} could not be fetched: the network went away`);
  });
  if (!found.ok) throw new Error(`${name} could not be fetched: the server answered ${found.status}`);
  return new Uint8Array(await found.arrayBuffer());
}

/** @param {string} name @returns {Promise<string>} */
export const text = async (name) => new TextDecoder().decode(await bytes(name));

/**
 * A file's bytes, in a copy of the book that is read from disk: there nothing can be fetched, but a script can be loaded.
 * @param {string} name @returns {Promise<Uint8Array>}
 */
export async function fromDisk(name) {
  const text = await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    arriving.set(name, resolve);
    script.src = `${address(name)}.js`;
    script.onload = () => script.remove();
    script.onerror = () => reject(new Error(`${name} is missing from this copy of the book: unpack it again`));
    document.head.append(script);
  });
  const own = /** @type {any} */ (Uint8Array);
  const packed = own.fromBase64 ? own.fromBase64(text) : Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  if (name.endsWith(".gz")) return packed;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The worker that runs Python. @returns {Promise<Worker>} */
export async function newWorker() {
  // started by the page's first line, where its address names a figure
  const { cutawayWorker: early } = /** @type {any} */ (window);
  /** @type {any} */ (window).cutawayWorker = null;
  if (early && !early.lost) return early;
  let from = address("worker.js");
  if (__DISK__) {
    const code = new TextDecoder().decode(await fromDisk("worker.js"));
    from = `data:text/javascript;charset=utf-8,${encodeURIComponent(code)}`;
  } else if (self.origin === "null") {
    // in a frame without an origin of its own, a worker may come from such an address only
    from = `data:text/javascript,import ${JSON.stringify(from)}`;
  }
  return new BrowsersWorker(from, { type: "module" });
}
