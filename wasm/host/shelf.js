/** What a reader keeps of the book on this device: files in the browser's cache, all of one edition. */

/**
 * @typedef {object} Listing what the build says that there is: keep.json
 * @property {string} build
 * @property {string} edition
 * @property {string[]} base what every page needs
 * @property {Record<string, {title: string, files: string[], models: boolean}>} chapters
 * @property {string[]} others pages without figures
 * @property {Record<string, string[]>} engines what models run on, by kind
 * @property {Record<string, [number, string]>} files bytes and sha256 of each; no sha256 where a server may change it
 */
/**
 * @typedef {object} Shelf what the reader agreed to keep
 * @property {string} build
 * @property {string[]} chapters
 * @property {boolean} whole whether the other pages are kept too
 * @property {Record<string, string>} titles of the pages kept, by path
 * @property {Listing} listing of that edition
 */

export const KEEP = "keep.json";
const SHELF = "cutaway-shelf";
const PREFIX = "cutaway-book-";
const AT_ONCE = 4;

/** @param {string} build */
export const cacheOf = (build) => PREFIX + build;

/** What is kept, as the reader agreed to; null where nothing is. @param {string} book the book's address @returns {Promise<Shelf | null>} */
export async function agreed(book) {
  const found = await caches.match(new URL("shelf.json", book).href, { cacheName: SHELF });
  return found ? found.json() : null;
}

/** @param {string} book @param {Shelf} shelf */
async function agree(book, shelf) {
  await (await caches.open(SHELF)).put(new URL("shelf.json", book).href, new Response(JSON.stringify(shelf)));
}

/** What the site has now. Rejects where there is no network or no such list. @param {string} book @returns {Promise<Listing>} */
export async function listed(book) {
  const found = await fetch(new URL(KEEP, book), { cache: "no-cache" });
  if (!found.ok) throw new Error(`the server answered ${found.status}`);
  return found.json();
}

/**
 * The files that some chapters need, or the whole book.
 * @param {Listing} listing @param {{chapters: string[], whole: boolean}} wish @param {string} engine
 */
export function filesOf(listing, { chapters, whole }, engine) {
  const names = (whole ? Object.keys(listing.chapters) : chapters).filter((name) => listing.chapters[name]);
  const files = new Set(listing.base);
  for (const name of names) for (const file of listing.chapters[name].files) files.add(file);
  if (names.some((name) => listing.chapters[name].models)) for (const file of listing.engines[engine]) files.add(file);
  if (whole) for (const file of listing.others) files.add(file);
  return [...files];
}

/** @param {Listing} listing @param {string[]} files */
export const bytesOf = (listing, files) => files.reduce((sum, file) => sum + listing.files[file][0], 0);

/** Those of the files that this device does not hold, in the edition of the list. @param {string} book @param {Listing} listing @param {string[]} files */
export async function missing(book, listing, files) {
  if (!(await caches.has(cacheOf(listing.build)))) return files; // to look must not make one
  const cache = await caches.open(cacheOf(listing.build));
  const there = new Set((await cache.keys()).map(({ url }) => url));
  return files.filter((file) => !there.has(new URL(file, book).href));
}

/**
 * Fetches what is missing and checks it; then, and only then, the shelf is that edition, with those chapters. What
 * fails leaves the shelf as it was. What was fetched till then stays for another try, unless there was no room.
 * @param {string} book @param {Listing} listing @param {{chapters: string[], whole: boolean}} wish @param {string} engine
 * @param {(bytes: number, total: number) => void} tell
 */
export async function keep(book, listing, wish, engine, tell) {
  const before = await agreed(book);
  const files = filesOf(listing, wish, engine);
  const wanted = await missing(book, listing, files);
  const cache = await caches.open(cacheOf(listing.build));
  const total = bytesOf(listing, wanted);
  let done = 0;
  const put = [...wanted];
  const one = async () => {
    for (let file = put.pop(); file !== undefined; file = put.pop()) {
      const [bytes, sha256] = listing.files[file];
      const address = new URL(file, book).href;
      const same = before && sha256 && before.listing.files[file]?.[1] === sha256;
      const old = same ? await (await caches.open(cacheOf(before.build))).match(address) : undefined;
      const found = old ?? (await fetched(address, file, bytes, sha256));
      await cache.put(address, found);
      tell((done += bytes), total);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  } catch (error) {
    put.length = 0;
    if (/** @type {Error} */ (error).name === "QuotaExceededError") {
      for (const file of wanted) await cache.delete(new URL(file, book).href);
      throw new Error("there is no room for it. Free some space on this device, or keep fewer chapters");
    }
    throw error;
  }
  const chapters = wish.whole ? Object.keys(listing.chapters) : wish.chapters.filter((name) => listing.chapters[name]);
  const titles = Object.fromEntries(chapters.map((name) => [name, listing.chapters[name].title]));
  await agree(book, { build: listing.build, chapters, whole: wish.whole, titles: { "": "Contents", ...titles }, listing });
  await tidy(book, listing, new Set(files));
}

/** Removes other editions, and what no kept chapter needs. @param {string} book @param {Listing} listing @param {Set<string>} needed */
async function tidy(book, listing, needed) {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== cacheOf(listing.build)) await caches.delete(name);
  }
  const cache = await caches.open(cacheOf(listing.build));
  const wanted = new Set([...needed].map((file) => new URL(file, book).href));
  for (const { url } of await cache.keys()) if (!wanted.has(url)) await cache.delete(url);
}

/** Takes everything back. */
export async function removeAll() {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) || name === SHELF) await caches.delete(name);
}

/** @param {string} address @param {string} file @param {number} bytes @param {string} sha256 */
async function fetched(address, file, bytes, sha256) {
  let answer;
  let body;
  try {
    answer = await fetch(address, { cache: "no-cache" });
    body = await answer.arrayBuffer();
  } catch {
    throw new Error("the network went away. Press again to go on from here");
  }
  if (!answer.ok) throw new Error(`the server answered ${answer.status} for ${file || "the front page"}`);
  const fresh = new Response(body, { headers: { "content-type": answer.headers.get("content-type") ?? "" } });
  if (!sha256) return fresh;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (body.byteLength !== bytes || found !== sha256) {
    throw new Error(`${file || "the front page"} is not the one of this edition. Reload the page and try again`);
  }
  return fresh;
}
