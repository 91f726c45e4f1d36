/** Python as the page sees it: one worker for the whole visit, started when first needed, and again after a failure. */

/** @typedef {import("./messages").Request} Request */
/** @typedef {import("./messages").Answer} Answer */
/** @typedef {import("./messages").FromWorker} FromWorker */
/** @typedef {Extract<FromWorker, {type: "progress"}>} Progress */

/** Milliseconds without any news after which the worker counts as hung; a page may set another limit. */
const LIMIT = Number(document.documentElement.dataset.cutawayLimit) || 30_000;

/** Where the assets lie: this file is `<assets>/<hash>/host.js`. */
export const ASSETS = new URL("../", import.meta.url).href;

/** @param {string} name @returns {string} the address of an asset */
export const address = (name) => new URL(__MANIFEST__.files[name].path, ASSETS).href;

class Python extends EventTarget {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Promise<void> | null} */
  #started = null;
  #attempt = 0;
  #timer = 0;
  #next = 1;
  /** @type {Map<number, {resolve: (answer: Answer) => void, reject: (error: Error) => void}>} */
  #asked = new Map();

  /** Starts Python unless it runs or is starting. Rejects with a sentence for the reader. */
  start() {
    this.#started ??= new Promise((resolve, reject) => {
      this.#watch("Python did not start");
      let worker;
      try {
        worker = this.#worker = new Worker(address("worker.js"), { type: "module" });
      } catch (error) {
        this.#fail(`This browser cannot run module workers: ${error}`);
        reject(error);
        return;
      }
      // an error event of a worker says nothing where its file could not be loaded
      worker.onerror = (event) => this.#fail(event.message || "the network went away before Python’s first byte");
      worker.onmessage = ({ data }) => this.#hear(data, resolve);
      this.addEventListener("failed", (event) => reject(new Error(/** @type {CustomEvent} */ (event).detail)), { once: true });
      // a page may say where models run: `<html data-cutaway-provider="wasm">`, or "webgpu"
      const provider = document.documentElement.dataset.cutawayProvider ?? "";
      worker.postMessage({ type: "start", manifest: __MANIFEST__, base: ASSETS, attempt: this.#attempt++, provider });
    });
    return this.#started;
  }

  /**
   * Sends a request to running Python.
   * @param {Request} request
   * @returns {Promise<Answer>}
   */
  ask(request) {
    const worker = this.#worker;
    if (!worker) return Promise.reject(new Error("Python is not running"));
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#asked.set(id, { resolve, reject });
      this.#watch("This figure took too long");
      worker.postMessage({ type: "ask", id, request });
    });
  }

  /** @param {FromWorker} message @param {() => void} started */
  #hear(message, started) {
    if (message.type === "progress") {
      this.#watch("Python did not start");
      this.dispatchEvent(new CustomEvent("progress", { detail: message }));
    } else if (message.type === "loading") {
      this.#watch("This figure took too long");
      this.dispatchEvent(new CustomEvent("loading", { detail: message }));
    } else if (message.type === "ready") {
      clearTimeout(this.#timer);
      started();
    } else if (message.type === "failed") {
      this.#fail(message.why);
    } else {
      if (this.#asked.size === 1) clearTimeout(this.#timer);
      this.#asked.get(message.id)?.resolve(message.answer);
      this.#asked.delete(message.id);
    }
  }

  /** Fails unless there is news within the limit. @param {string} what */
  #watch(what) {
    clearTimeout(this.#timer);
    const seconds = Math.round(LIMIT / 1000);
    this.#timer = setTimeout(() => this.#fail(`${what}: no sign of life for ${seconds} seconds`), LIMIT);
  }

  /** Ends the worker and tells everyone; the next `start` begins anew. @param {string} why */
  #fail(why) {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = this.#started = null;
    this.dispatchEvent(new CustomEvent("failed", { detail: why }));
    for (const { reject } of this.#asked.values()) reject(new Error(why));
    this.#asked.clear();
  }
}

export const python = new Python();
