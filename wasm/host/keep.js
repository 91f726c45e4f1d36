/** `<cutaway-keep>`: keeps a chapter or the book on this device, shows what that takes, and takes it back. */
import { engineFor, findAdapter } from "./adapter.js";
import { EMBEDDED } from "./address.js";
import { ASSETS } from "./places.js";
import { agreed, bytesOf, filesOf, keep, listed, missing, removeAll } from "./shelf.js";

/** @typedef {import("./shelf.js").Listing} Listing */
/** @typedef {import("./shelf.js").Shelf} Shelf */

const BOOK = new URL("../../", ASSETS).href;
/** tells the other tabs of this browser */
const NEWS = "cutaway-shelf";

/** @param {number} bytes */
const size = (bytes) => (bytes < 1e5 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

export class CutawayKeep extends HTMLElement {
  /** @type {Listing | null} what the site has now */
  #listing = null;
  /** @type {Shelf | null} */
  #shelf = null;
  #busy = false;
  // a guess until something is kept: to ask for the adapter is not for every reader who passes by
  #engine = engineFor(/** @type {any} */ (navigator).gpu);
  /** whether another tab has brought the shelf to another edition than this page's */
  #elsewhere = false;
  /** @type {BroadcastChannel | undefined} */
  #news;

  async connectedCallback() {
    // on disk the book is kept already; without a secure address there is no service worker
    if (__DISK__ || EMBEDDED || !("serviceWorker" in navigator) || !("caches" in self)) return;
    this.#news = new BroadcastChannel(NEWS);
    this.#news.onmessage = ({ data }) => {
      this.#elsewhere ||= data.build !== undefined && data.build !== this.#shelf?.build && this.#shelf !== null;
      this.#look();
    };
    this.addEventListener("click", ({ target }) => {
      const { act } = /** @type {HTMLElement} */ (target).dataset;
      if (act) this.#act(act);
    });
    const sight = new IntersectionObserver((seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      sight.disconnect();
      this.#look();
    });
    this.style.display = "block"; // of no height until there is something to say
    sight.observe(this);
  }

  disconnectedCallback() {
    this.#news?.close();
  }

  async #look() {
    try {
      this.#shelf = await agreed(BOOK);
    } catch {
      return; // this place keeps nothing: a private window, or a browser told so
    }
    this.#listing = (await listed(BOOK).catch(() => null)) ?? this.#shelf?.listing ?? null;
    if (!this.#busy) await this.#draw();
  }

  /** This page's own name in the list. */
  get #page() {
    // asked each time: the theme goes from page to page without loading this script anew
    return new URL(".", document.querySelector("base")?.href ?? location.href).href.slice(BOOK.length);
  }

  /** What there is to do, and how much it is. */
  async #offers() {
    const listing = this.#listing;
    const shelf = this.#shelf;
    if (!listing) return [];
    const offer = async (/** @type {string} */ act, /** @type {string} */ words, /** @type {{chapters: string[], whole: boolean}} */ wish) => {
      const kept = shelf?.listing.files ?? {};
      const missed = await missing(BOOK, listing, filesOf(listing, wish, this.#engine));
      // what an edition shares with the one before is here already
      const files = missed.filter((file) => act !== "update" || !listing.files[file][1] || kept[file]?.[1] !== listing.files[file][1]);
      return { act, words: `${words}, ${size(bytesOf(listing, files))}` };
    };
    const wish = { chapters: shelf?.chapters ?? [], whole: shelf?.whole ?? false };
    const found = [];
    if (shelf && shelf.build !== listing.build) return [await offer("update", "Take the newer edition", wish)];
    const { chapters, whole } = wish;
    if (listing.chapters[this.#page] && !whole && !chapters.includes(this.#page)) {
      found.push(await offer("chapter", "Keep this chapter", { chapters: [...chapters, this.#page], whole }));
    }
    if (!whole) found.push(await offer("book", "Keep the book", { chapters, whole: true }));
    return found;
  }

  async #draw() {
    const shelf = this.#shelf;
    const listing = this.#listing;
    if (!listing) return this.replaceChildren();
    const newer = shelf && shelf.build !== listing.build;
    let says = "Kept on this device, the book is read without a network.";
    if (shelf) {
      const files = filesOf(shelf.listing, shelf, this.#engine);
      const what = shelf.whole ? "The book is" : `${shelf.chapters.length} ${shelf.chapters.length === 1 ? "chapter is" : "chapters are"}`;
      says = `${what} kept on this device: ${size(bytesOf(shelf.listing, files))}.`;
      if (newer) says += " A newer edition is there. The one that you keep stays until you take it.";
    }
    const offers = await this.#offers();
    if (shelf) {
      if (!shelf.whole && shelf.chapters.includes(this.#page) && shelf.chapters.length > 1 && !newer) {
        offers.push({ act: "remove-chapter", words: "Remove this chapter" });
      }
      offers.push({ act: "remove", words: shelf.whole || shelf.chapters.length > 1 ? "Remove all" : "Remove it" });
    }
    if (this.#elsewhere) {
      says = "Another tab has brought the book to another edition. This page goes on as it is until you reload it.";
      offers.splice(0, offers.length, { act: "reload", words: "Reload" });
    }
    this.#show(says, offers);
  }

  /** @param {string} says @param {{act: string, words: string}[]} offers */
  #show(says, offers, alert = false) {
    const text = document.createElement("p");
    text.setAttribute("role", alert ? "alert" : "status");
    text.textContent = says;
    const buttons = offers.map(({ act, words }) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "cw-btn", textContent: words });
      button.dataset.act = act;
      return button;
    });
    const row = document.createElement("div");
    row.className = "cw-row";
    row.append(...buttons);
    const had = this.contains(document.activeElement);
    this.replaceChildren(text, row);
    if (had) buttons[0]?.focus();
  }

  /** @param {string} act */
  async #act(act) {
    if (act === "reload") return location.reload();
    if (this.#busy) return;
    this.#busy = true;
    let trouble = "";
    try {
      if (act === "remove") await this.#remove();
      else await this.#keep(act);
    } catch (error) {
      trouble = `That did not work: ${/** @type {Error} */ (error).message}.`;
    }
    this.#busy = false;
    this.#shelf = await agreed(BOOK).catch(() => null);
    this.#news?.postMessage({ build: this.#shelf?.build });
    if (act === "update" && !trouble) return location.reload();
    await this.#draw();
    if (trouble) this.#show(trouble, await this.#offers(), true);
  }

  /** @param {string} act */
  async #keep(act) {
    this.#engine = engineFor(await findAdapter(""));
    // the list may have changed since it was read
    const listing = (this.#listing = await listed(BOOK).catch(() => {
      throw new Error("the network does not answer");
    }));
    const edition = document.querySelector("meta[name=cutaway-edition]")?.getAttribute("content");
    if (!this.#shelf && edition !== listing.edition) throw new Error("this page is of an older edition. Reload it first");
    const chapters = [...(this.#shelf?.chapters ?? [])];
    const wish = { chapters, whole: act === "book" || (this.#shelf?.whole ?? false) };
    if (act === "chapter") chapters.push(this.#page);
    if (act === "remove-chapter") wish.chapters = chapters.filter((name) => name !== this.#page);
    const need = bytesOf(listing, await missing(BOOK, listing, filesOf(listing, wish, this.#engine)));
    const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
    if (need > quota - usage) {
      throw new Error(`it needs ${size(need)}, and this browser has room for ${size(Math.max(0, quota - usage))}. Free some space on this device, or keep fewer chapters`);
    }
    navigator.storage?.persist?.().catch(() => {}); // a browser may say no; then it may forget when it runs short
    await navigator.serviceWorker.register(new URL("sw.js", BOOK), { scope: BOOK }).catch(() => {
      throw new Error("this browser lets no page keep itself. In a private window none can");
    });
    this.#show("", []);
    const bar = document.createElement("progress");
    bar.setAttribute("aria-label", "Keeping");
    this.append(bar);
    const said = /** @type {Element} */ (this.firstElementChild);
    await keep(BOOK, listing, wish, this.#engine, (done, total) => {
      bar.max = total;
      bar.value = done;
      said.textContent = `Keeping: ${(done / 1e6).toFixed(1)} of ${size(total)}`;
    });
  }

  async #remove() {
    await removeAll();
    const found = await navigator.serviceWorker.getRegistration(BOOK);
    await found?.unregister();
  }
}
