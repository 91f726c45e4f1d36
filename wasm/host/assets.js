/** The book's files as the worker gets them: fetched and checked, or handed over by a page that was opened from disk. */

/** @typedef {import("./messages").Manifest} Manifest */
/** @typedef {(bytes: number) => void} Count */

const fetchNow = self.fetch.bind(self);
const KEPT = "cutaway-start"; // the name of the browser's cache for what quickens the next visit

export class Assets {
  /** files whose last download failed: the browser's cache may hold the bad one @type {Set<string>} */
  #bad = new Set();
  /** files that the page was asked for @type {Map<string, {resolve: (bytes: Uint8Array) => void, reject: (error: Error) => void}>} */
  #asked = new Map();

  /** says that what is fetched before anything else is here @type {(value: unknown) => void} */
  firstAreHere = () => {};
  first = new Promise((resolve) => (this.firstAreHere = resolve));

  /** files fetched before they were asked for @type {Map<string, Promise<Uint8Array>>} */
  #ahead = new Map();

  /**
   * @param {Manifest} manifest
   * @param {string} base the address of the folder of all assets
   * @param {boolean} again whether an earlier start failed, so that the browser's cache is not to be trusted
   * @param {((name: string) => void) | null} ask asks the page for a file, where nothing can be fetched
   */
  constructor(manifest, base, again, ask) {
    this.manifest = manifest;
    this.base = base;
    this.again = again;
    this.ask = ask;
  }

  /** @param {string} name */
  total(name) {
    return this.manifest.files[name]?.bytes ?? 0;
  }

  /** @param {string} name */
  #asset(name) {
    const asset = this.manifest.files[name];
    if (!asset) throw new Error(`${name} is not in this book’s manifest`);
    return asset;
  }

  /** @param {string} name */
  #address(name) {
    return new URL(this.#asset(name).path, this.base).href;
  }

  /**
   * A file as the server sends it, and its bytes once they are all there and are those of the manifest.
   * @param {string} name @param {Count} [count] told of each piece that arrives @param {RequestInit} [options]
   * @returns {{response: Promise<Response>, bytes: Promise<Uint8Array>}}
   */
  open(name, count = () => {}, options = {}) {
    const asset = this.#asset(name);
    if (this.ask) {
      const bytes = new Promise((resolve, reject) => this.#asked.set(name, { resolve, reject }));
      this.ask(name);
      const checked = bytes.then(async (found) => {
        count(asset.bytes);
        return verified(name, asset, found, found.length);
      });
      checked.catch(() => {});
      return { response: checked.then((found) => asResponse(name, found)), bytes: checked };
    }
    // The address holds the content's hash, so what is kept never grows old; after a failure it may be the bad one.
    const cache = this.again || this.#bad.has(name) ? "reload" : "force-cache";
    this.#bad.add(name);
    const response = fetchNow(this.#address(name), { cache, ...options }).then(
      (found) => {
        if (!found.ok) throw new Error(`${short(name)} could not be fetched: the server answered ${found.status}`);
        return found;
      },
      () => {
        throw new Error(`${short(name)} could not be fetched: the network went away`);
      },
    );
    const bytes = response.then(async (found) => {
      const read = await check(name, asset, found.clone(), count);
      this.#bad.delete(name);
      return read;
    });
    bytes.catch(() => {}); // for whoever waits for the response alone
    return { response, bytes };
  }

  /** A packed file's content. @param {string} name @param {Count} [count] @returns {Promise<Uint8Array>} */
  unpacked(name, count) {
    const ahead = this.#ahead.get(name);
    this.#ahead.delete(name);
    return ahead ?? this.open(name, count).bytes.then(gunzip);
  }

  /** Fetches and unpacks a file that will be asked for soon. @param {string} name */
  fetchAhead(name) {
    if (this.#ahead.has(name)) return;
    const bytes = this.first.then(() => this.open(name).bytes.then(gunzip));
    bytes.catch(() => {}); // for whoever asks for it later
    this.#ahead.set(name, bytes);
  }

  /** The page's answer. @param {string} name @param {Uint8Array | string} found the bytes, or why there are none */
  hand(name, found) {
    const waits = this.#asked.get(name);
    this.#asked.delete(name);
    if (typeof found === "string") waits?.reject(new Error(found));
    else waits?.resolve(found);
  }

  /** A module of the manifest, whose bytes were fetched and checked. @param {string} name @param {Uint8Array} [bytes] @returns {Promise<any>} */
  module(name, bytes) {
    // of all addresses of text, this is the one that each engine imports in a page from disk
    if (this.ask && bytes) return import(`data:text/javascript;base64,${base64(bytes)}`);
    // by its address, for the browser keeps what it compiled
    return import(this.#address(name) + (this.again ? "?again" : ""));
  }

  /**
   * Files that were kept on an earlier visit, by name; null where they were not, and empty where they were given up.
   * @param {string[]} names @returns {Promise<Map<string, Response> | null>}
   */
  async kept(names) {
    try {
      const cache = await self.caches.open(KEPT);
      if (await cache.match(this.#givenUp(names))) return new Map();
      const found = await Promise.all(names.map((name) => cache.match(this.#address(name))));
      if (found.some((response) => !response)) return null;
      return new Map(names.map((name, at) => [name, /** @type {Response} */ (found[at])]));
    } catch {
      return null; // no such cache in this place: the book works without
    }
  }

  /**
   * Keeps files for the next visit, checked, and no other edition of them.
   * @param {string[]} names @param {Map<string, {bytes: Promise<Uint8Array>}>} here those that need not be fetched again
   * @param {(name: string, bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>} prepared
   */
  async keep(names, here, prepared) {
    try {
      const options = /** @type {any} */ ({ priority: "low" });
      const files = await Promise.all(names.map((name) => (here.get(name) ?? this.open(name, undefined, options)).bytes));
      await self.caches.delete(KEPT);
      const cache = await self.caches.open(KEPT);
      for (const [at, name] of names.entries()) {
        await cache.put(this.#address(name), asResponse(name, await prepared(name, files[at])));
      }
    } catch {
      // as above
    }
  }

  /** Gives files up that did no good in this browser. @param {string[]} names */
  async giveUp(names) {
    try {
      await self.caches.delete(KEPT);
      await (await self.caches.open(KEPT)).put(this.#givenUp(names), new Response());
    } catch {
      // as above
    }
  }

  /** @param {string[]} names the last is the one that did no good */
  #givenUp(names) {
    return `${this.#address(/** @type {string} */ (names.at(-1)))}?given-up`;
  }
}

/** @param {Uint8Array} packed what gzip made @returns {Promise<Uint8Array>} */
export async function gunzip(packed) {
  // not from a blob: WebKit cannot read one in a worker of a page that was opened from disk
  const body = /** @type {ReadableStream} */ (new Response(/** @type {any} */ (packed)).body);
  return new Uint8Array(await new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

/**
 * The files in a tar archive, by name; each is a view into it.
 * @param {Uint8Array} archive
 */
export function* untar(archive) {
  const text = new TextDecoder();
  const field = (/** @type {number} */ from, /** @type {number} */ length) =>
    text.decode(archive.subarray(from, from + length)).replace(/\0.*$/s, "");
  for (let at = 0; archive[at]; ) {
    const size = parseInt(field(at + 124, 12), 8);
    const prefix = field(at + 345, 155);
    const name = field(at, 100);
    yield { name: prefix ? `${prefix}/${name}` : name, bytes: archive.subarray(at + 512, at + 512 + size) };
    at += 512 + 512 * Math.ceil(size / 512);
  }
}

/** @param {string} name @param {Uint8Array} bytes */
function asResponse(name, bytes) {
  const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return new Response(/** @type {any} */ (bytes), { headers: { "content-type": type } });
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  const own = /** @type {any} */ (bytes);
  if (own.toBase64) return own.toBase64();
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

/**
 * Reads a whole response, and throws where its bytes are not those of the manifest.
 * @param {string} name @param {import("./messages").Asset} asset @param {Response} response @param {Count} count
 */
async function check(name, asset, response, count) {
  const bytes = new Uint8Array(asset.bytes);
  let at = 0;
  try {
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (at + piece.value.length <= bytes.length) bytes.set(piece.value, at);
      at += piece.value.length;
      count(piece.value.length);
    }
  } catch {
    throw new Error(`${short(name)} stopped at ${megabytes(at)} of ${megabytes(asset.bytes)} MB: the network went away`);
  }
  return verified(name, asset, bytes, at);
}

/**
 * @param {string} name @param {import("./messages").Asset} asset @param {Uint8Array} bytes
 * @param {number} length how many there were
 */
async function verified(name, asset, bytes, length) {
  const bad = `${short(name)} arrived damaged: ${length.toLocaleString("en")} bytes of ${asset.bytes.toLocaleString("en")}`;
  if (length !== asset.bytes) throw new Error(bad);
  if (!crypto.subtle) return bytes; // plain http on another machine's address: the length must do
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {any} */ (bytes)));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== asset.sha256) throw new Error(`${bad}, with another content than this book was built with`);
  return bytes;
}

/** A file's name as a reader can take it in. @param {string} name */
const short = (name) => name.replace(/\.(tar\.)?gz$/, "");

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
