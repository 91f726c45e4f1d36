/** Python as the page sees it: one worker for the whole visit, started when first needed, and again after a failure. */
import { ClosedWorker } from "./closed.js";
import { ASSETS, bytes, newWorker } from "./places.js";

/** @typedef {import("./messages").Request} Request */
/** @typedef {import("./messages").Answer} Answer */
/** @typedef {import("./messages").FromWorker} FromWorker */
/** @typedef {Extract<FromWorker, {type: "progress"}>} Progress */

/** Milliseconds without any news after which the worker counts as hung; a page may set another limit. */
const LIMIT = Number(document.documentElement.dataset.cutawayLimit) || 30_000;
/** The same while Python begins from a memory snapshot, which takes a second or never ends. */
const RESTORING = Math.min(LIMIT, 10_000);

export class Python extends EventTarget {
  #closed;
  #patience;
  /** whether Python's own code runs now, not the browser's on its behalf */
  #computing = false;
  /** @type {Worker | ClosedWorker | null} */
  #worker = null;
  /** @type {Promise<void> | null} */
  #started = null;
  /** @type {(() => void) | null} */
  #resolve = null;
  #again = false;
  /** whether Python runs */
  ready = false;
  /** whether a memory snapshot may be used, and whether one is in use now */
  #snapshot = "snapshot.gz" in __MANIFEST__.files; // there is none of figures that are being written
  #restoring = false;
  #numpy = false;
  #timer = 0;
  #next = 1;
  /** @type {Map<number, {resolve: (answer: Answer) => void, reject: (error: Error) => void}>} */
  #asked = new Map();

  /**
   * @param {object} [options]
   * @param {boolean} [options.closed] whether what runs in it may be anyone's, so that its worker reaches nothing
   * @param {number} [options.patience] milliseconds that Python's code may run for one answer
   */
  constructor({ closed = false, patience = LIMIT } = {}) {
    super();
    this.#closed = closed;
    this.#patience = patience;
  }

  /**
   * Starts Python unless it runs or is starting. Rejects with a sentence for the reader.
   * @param {boolean} numpy whether the figure that asks needs NumPy
   * @returns {Promise<void>}
   */
  start(numpy) {
    if (numpy && !this.#numpy) this.#post({ type: "numpy" });
    this.#numpy ||= numpy;
    this.#started ??= new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.addEventListener("failed", (event) => reject(new Error(/** @type {CustomEvent} */ (event).detail)), { once: true });
      this.#begin();
    });
    return this.#started;
  }

  async #begin() {
    this.#watch();
    this.#restoring = this.#computing = false;
    let worker;
    try {
      worker = this.#worker = this.#closed && !__DISK__ ? new ClosedWorker() : await newWorker();
    } catch (error) {
      this.#fail(`This browser cannot start a worker: ${/** @type {Error} */ (error).message}`);
      return;
    }
    // an error event of a worker says nothing where its file could not be loaded
    worker.onerror = (/** @type {ErrorEvent} */ event) => this.#failOr(event.message || "the network went away before Python’s first byte", worker);
    worker.onmessage = (/** @type {{data: FromWorker}} */ { data }) => this.#hear(data, worker);
    // a page may say where models run: `<html data-cutaway-provider="wasm">`, or "webgpu"
    const provider = document.documentElement.dataset.cutawayProvider ?? "";
    this.#post({
      type: "start",
      manifest: __MANIFEST__,
      base: ASSETS,
      again: this.#again,
      handed: __DISK__ || this.#closed,
      snapshot: this.#snapshot,
      closed: this.#closed,
      provider,
      // what a reader has kept is read without a network, where there is nothing to fetch; a frame without an origin
      // of its own keeps nothing, and may not even ask
      keeps: !this.#closed && self.origin !== "null" && !navigator.serviceWorker?.controller,
    });
    if (this.#numpy) this.#post({ type: "numpy" });
  }

  /** @param {import("./messages").ToWorker} message @param {Transferable[]} given */
  #post(message, given = []) {
    this.#worker?.postMessage(message, given);
  }

  /**
   * Sends a request to running Python.
   * @param {Request} request
   * @returns {Promise<Answer>}
   */
  ask(request) {
    if (!this.#worker) return Promise.reject(new Error("Python is not running"));
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#asked.set(id, { resolve, reject });
      this.#watch();
      this.#post({ type: "ask", id, request });
    });
  }

  /** @param {FromWorker} message @param {Worker | ClosedWorker} worker */
  #hear(message, worker) {
    if (worker !== this.#worker) return; // ended, and its last words were on their way
    if (message.type === "progress") {
      this.#restoring = message.restoring;
      this.#watch();
      this.dispatchEvent(new CustomEvent("progress", { detail: message }));
    } else if (message.type === "loading") {
      this.#watch();
      this.dispatchEvent(new CustomEvent("loading", { detail: message }));
    } else if (message.type === "computing") {
      this.#computing = message.now;
      this.#watch();
      this.dispatchEvent(new CustomEvent("computing", { detail: message.now }));
    } else if (message.type === "want") {
      this.#hand(message.name);
    } else if (message.type === "ready") {
      clearTimeout(this.#timer);
      this.#again = false;
      this.ready = true;
      this.#resolve?.();
    } else if (message.type === "failed") {
      this.#failOr(message.why, worker);
    } else {
      this.#computing = false;
      if (this.#asked.size === 1) clearTimeout(this.#timer);
      this.#asked.get(message.id)?.resolve(message.answer);
      this.#asked.delete(message.id);
    }
  }

  /** Gives the worker a file that only the page can have. @param {string} name */
  async #hand(name) {
    const found = await bytes(name).catch((/** @type {Error} */ error) => error.message);
    this.#post({ type: "file", name, found }, typeof found === "string" ? [] : [found.buffer]);
  }

  /** Fails unless there is news within the limit. */
  #watch() {
    clearTimeout(this.#timer);
    const limit = this.#restoring ? RESTORING : this.#computing ? this.#patience : LIMIT;
    const why = this.#computing
      ? `it did not end within ${limit / 1000} seconds. Is there a loop without an end?`
      : `no sign of life for ${Math.round(limit / 1000)} seconds`;
    this.#timer = setTimeout(() => this.#failOr(why, this.#worker), limit);
  }

  /** A start from a snapshot that fails is one that the reader need not hear of: it begins again without. @param {string} why @param {Worker | ClosedWorker | null} worker */
  #failOr(why, worker) {
    if (worker !== this.#worker) return;
    if (!this.#restoring) return this.#fail(why);
    this.#snapshot = false;
    worker?.terminate();
    this.#begin();
  }

  /** Ends the worker, where nobody needs it any more. */
  end() {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = this.#started = this.#resolve = null;
    this.ready = false;
  }

  /** Ends the worker and tells everyone; the next `start` begins anew. @param {string} why */
  #fail(why) {
    clearTimeout(this.#timer);
    this.#again = true;
    this.#worker?.terminate();
    this.#worker = this.#started = this.#resolve = null;
    this.dispatchEvent(new CustomEvent("failed", { detail: why }));
    this.ready = false;
    for (const { reject } of this.#asked.values()) reject(new Error(why));
    this.#asked.clear();
  }
}

export const python = new Python();
