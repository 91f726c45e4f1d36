/** In place of the service worker where a site no longer offers to keep the book: takes everything back. */
const worker = /** @type {any} */ (self);
worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) =>
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (/^cutaway-(book-|shelf$)/.test(name)) await caches.delete(name);
      await worker.registration.unregister();
    })(),
  ),
);
