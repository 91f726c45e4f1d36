/**
 * The service worker: answers with what the reader kept, and with the network's answer for all else. It fetches and
 * keeps nothing of itself; which edition it answers from, the reader decides (shelf.js). So it holds no list, needs
 * no update with each build, and never takes over unasked.
 */
import { agreed, cacheOf, KEEP } from "./shelf.js";

const worker = /** @type {any} */ (self);
/** the folder of the book */
const BOOK = new URL("./", worker.location.href);

worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { href } = new URL(request.url);
  if (request.method === "GET" && href.startsWith(BOOK.href)) event.respondWith(answer(request));
});

/** @param {Request} request */
async function answer(request) {
  const kept = await keptAnswer(request).catch(() => undefined);
  if (kept) return kept;
  try {
    return await fetch(request);
  } catch (error) {
    if (request.mode !== "navigate") throw error;
    return (await notKept().catch(() => undefined)) ?? Response.error();
  }
}

/** @param {Request} request */
async function keptAnswer(request) {
  const address = new URL(request.url);
  // what there is now is the network's to say
  if (request.cache === "no-cache" || address.href === new URL(KEEP, BOOK).href) return undefined;
  const shelf = await agreed(BOOK.href);
  if (!shelf) return undefined;
  const cache = await caches.open(cacheOf(shelf.build));
  address.search = "";
  address.hash = "";
  address.pathname = address.pathname.replace(/\/index\.html$/, "/");
  const found = await cache.match(address.href);
  if (found || request.mode !== "navigate" || address.pathname.endsWith("/")) return found;
  address.pathname += "/";
  return (await cache.match(address.href)) && Response.redirect(address.href);
}

/** The page for what was not kept, with links to what was. */
async function notKept() {
  const shelf = await agreed(BOOK.href);
  if (!shelf) return undefined;
  const page = await (await caches.open(cacheOf(shelf.build))).match(new URL("offline.html", BOOK).href);
  if (!page) return undefined;
  const escaped = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const items = Object.entries(shelf.titles).map(
    ([path, title]) => `<li><a href="${escaped(new URL(path, BOOK).href)}">${escaped(title)}</a></li>`,
  );
  const text = (await page.text()).replace("<!--kept-->", () => items.join(""));
  return new Response(text, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
}
