/**
 * A newer edition of the book, published while a page of this one is open: noticed where a page of the newer one is
 * swapped in, and where a file of this one is gone. What a page misses while it loads is gone.js's to notice.
 */

const OWN = editionOf(document);

/** @param {Document} page */
function editionOf(page) {
  return page.querySelector("meta[name=cutaway-edition]")?.getAttribute("content") ?? "";
}

export function watchEditions() {
  if (__DISK__ || !OWN) return;
  // The theme's instant navigation takes the head from the page that it fetched, and leaves our script as it is.
  new MutationObserver(() => {
    const now = editionOf(document);
    if (now && now !== OWN) location.reload();
  }).observe(document.head, { childList: true });

  document.addEventListener("cutaway:failed", async ({ target }) => {
    const figure = /** @type {Element} */ (target).closest(".cw-fig") ?? /** @type {Element} */ (target).querySelector(".cw-fig");
    if (figure && (await isOld())) sayIsOld(figure);
  });
  document.addEventListener("click", ({ target }) => {
    if (/** @type {Element} */ (target).closest?.("[data-action=reload]")) location.reload();
  });
}

/** Whether the book at this address has another edition by now. Where nobody answers, nobody knows. */
async function isOld() {
  try {
    // a page that is no longer there is answered by one that is, with its edition
    const page = await (await fetch(location.href, { cache: "no-store" })).text();
    const now = editionOf(new DOMParser().parseFromString(page, "text/html"));
    return now !== "" && now !== OWN;
  } catch {
    return false;
  }
}

/** @param {Element} figure */
function sayIsOld(figure) {
  if (figure.querySelector(":scope > .cw-newer")) return;
  const strip = document.createElement("div");
  strip.className = "cw-state cw-newer";
  strip.setAttribute("role", "alert");
  strip.innerHTML =
    "<p><b>A newer edition of this book is here.</b> What this figure needs went with the old one. Reload the page to run it.</p>" +
    '<button class="cw-btn" type="button" data-action="reload">Reload</button>';
  figure.querySelector(":scope > .cw-state--failed")?.after(strip);
}
