/** One figure on the page: static as built, then starting, live, or failed. It knows no demo by name. */
import { EMBEDDED, queryFor, SWITCHED } from "./address.js";
import { drawChart } from "./charts.js";
import { copied, sayOn } from "./copy.js";
import { Look, stopped } from "./look.js";
import { localise } from "./numbers.js";
import { patch } from "./patch.js";
import { python } from "./python.js";
import { toggleSaving } from "./save.js";
import { toggleSnippet } from "./snippet.js";
import { Transport } from "./transport.js";

/** @typedef {import("./messages").Request} Request */
/** @typedef {import("./messages").Answer} Answer */
/** @typedef {import("./python.js").Python} Python */
/** @typedef {"static" | "starting" | "live" | "failed"} State */

let figures = 0;

export class CutawayFigure extends HTMLElement {
  #key = `figure-${++figures}`;
  /** @type {Request[]} requests that wait for Python */
  #queue = [];
  #asking = false;
  #moving = 0;
  /** @type {Record<string, {html: string, children: string[]}>} each part as last rendered, whole and by children */
  #parts = {};
  /** the query that gives this figure, and the one that it begins with where it stands alone */
  #link = "";
  #first = "";
  /** whether the reader changed a control since the figure was opened */
  #changed = false;
  /** @type {Transport | undefined} of a figure that moves */
  #transport;

  /** whose Python answers: the visit's, or one of the figure's own for a program that the reader rewrote */
  #python = python;
  #look = new Look({
    find: (selector) => this.#find(selector),
    opening: () => this.#opening(this.#link),
    take: (own, answer) => this.#take(own, answer),
    back: () => this.back(),
    link: () => this.#address(),
  });

  /** @param {string} selector @returns {any} */
  #find(selector) {
    return this.querySelector(selector);
  }

  get figure() {
    return /** @type {HTMLElement} */ (this.#find("figure"));
  }

  get uid() {
    return this.figure.dataset.uid ?? "";
  }

  get state() {
    return /** @type {State} */ (this.figure.dataset.state);
  }

  get #needsNumpy() {
    return "numpy" in this.figure.dataset;
  }

  connectedCallback() {
    for (const acts of this.querySelectorAll(".cw-acts, .cw-act--in")) /** @type {HTMLElement} */ (acts).hidden = false;
    const form = this.#find("form");
    form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    form.addEventListener("input", (/** @type {Event} */ event) => this.#input(event));
    this.addEventListener("click", (event) => this.#click(event));
    const bar = this.#find(".cw-trans");
    if (bar) {
      const ready = () => this.state === "live" && !this.#asking && this.#queue.length === 0;
      this.#transport = new Transport(bar, this.#find('[data-part="reading"]'), (to) => this.#seek(to), ready);
    }
    this.#hear(python);
    const query = queryFor(this.uid);
    if (EMBEDDED) this.#first = query ?? "";
    if (query !== null && !EMBEDDED) {
      this.open(query);
      if (location.hash.startsWith("#edit=")) this.#look.toggle();
    } else {
      const open = () => {
        if (this.state === "static") this.open();
      };
      for (const name of ["pointerenter", "focusin"]) this.addEventListener(name, open, { once: true });
      // a reader who saves data, or is only on the front page, gets the megabytes for a figure that they reach for
      const passes = /** @type {any} */ (navigator).connection?.saveData || (this.closest(".cw-front") && !python.ready);
      if (passes) return;
      const sight = new IntersectionObserver(
        (seen) => {
          if (!seen.some((entry) => entry.isIntersecting)) return;
          sight.disconnect();
          open();
        },
        { rootMargin: "200px" },
      );
      sight.observe(this);
    }
  }

  disconnectedCallback() {
    for (const [name, told] of this.#told) this.#python.removeEventListener(name, told);
    this.#transport?.close();
    this.#look.end();
    if (this.state === "live" && this.#python === python) python.ask({ type: "close", key: this.#key }).catch(() => {});
  }

  /** Lets a Python answer for this figure, and no other. @param {Python} answering */
  #hear(answering) {
    for (const [name, told] of this.#told) this.#python.removeEventListener(name, told);
    for (const [name, told] of this.#told) answering.addEventListener(name, told);
    this.#python = answering;
    this.figure.toggleAttribute("data-edited", answering !== python);
  }

  /** Begins with the page's preset, and a link's query on top of it. */
  open(link = this.#first) {
    if (this.state === "failed") this.#enable(true);
    // compare with the page itself: a control may hold what the reader typed and Python refused
    this.#parts = {};
    this.#queue = [this.#opening(link)];
    this.#transport?.begin();
    if (this.#changed) this.#queue.push(this.#change());
    if (this.state === "live") this.#next();
    else this.#start();
  }

  /** @param {string} link @returns {Extract<Request, {type: "open"}>} */
  #opening(link) {
    const { demo = "", preset = "" } = this.figure.dataset;
    const { lock } = SWITCHED;
    return { type: "open", key: this.#key, uid: this.uid, demo, preset, link, lock, numpy: this.#needsNumpy };
  }

  /** Sets the figure to a link's query. */
  set(link = this.#first) {
    this.#changed = false;
    this.open(link);
  }

  async #start() {
    this.#show("starting");
    try {
      await this.#python.start(this.#needsNumpy);
      this.#next();
    } catch {
      // the `failed` event has told it already
    }
  }

  /** @returns {Request} */
  #change() {
    /** @type {Record<string, string[]>} */
    const values = {};
    for (const control of this.#find("form").elements) {
      if (control.name) (values[control.name] ??= []).push(control.value);
    }
    return { type: "change", key: this.#key, values };
  }

  /** @param {Event} event */
  #input(event) {
    const control = /** @type {HTMLInputElement} */ (event.target);
    if (!control.name) return;
    this.#changed = true;
    // bars follow a slider at once: animating each step of a drag would keep the page busy painting
    this.classList.add("is-moving");
    clearTimeout(this.#moving);
    this.#moving = setTimeout(() => this.classList.remove("is-moving"), 400);
    if (this.state === "static") this.open();
    if (this.state !== "live") this.#sayItWaits(control);
    this.#ask(this.#change());
  }

  /** @param {HTMLInputElement} control */
  #sayItWaits(control) {
    const wait = this.#find(`[data-wait="${control.name}"]`);
    if (!wait) return;
    wait.textContent = `${control.value} waits`;
    control.closest(".cw-f")?.classList.add("is-queued");
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    const { action, event: name, move } = button.dataset;
    if (action === "retry") document.dispatchEvent(new CustomEvent("cutaway:retry"));
    else if (action === "reset") this.set();
    else if (action === "inside") this.#look.toggle();
    else if (action === "link") this.#copyLink(button);
    else if (action === "save") toggleSaving(this.figure, button, () => this.#now());
    else if (action === "embed") toggleSnippet(this.figure, button, this.#link);
    else if (move) this.#transport?.press(move);
    else if (name) {
      this.#transport?.pause();
      if (this.state === "static") this.open();
      this.#ask({ type: "event", key: this.#key, name, value: button.value });
    }
  }

  /** @param {number} to a step */
  #seek(to) {
    if (this.state === "static") this.open();
    this.#ask({ type: "seek", key: this.#key, to });
  }

  /** Starts again after a failure, with what the reader had set. */
  retry() {
    if (this.state === "failed") this.open(this.#link);
  }

  /**
   * Puts a request in the queue. A control that moves on makes its earlier, unsent change pointless.
   * @param {Request} request
   */
  #ask(request) {
    const { type } = request;
    if ((type === "change" || type === "seek") && this.#queue.at(-1)?.type === type) this.#queue.pop();
    this.#queue.push(request);
    if (this.state === "live") this.#next();
  }

  async #next() {
    if (this.#asking) return;
    const request = this.#queue.shift() ?? this.#further();
    if (!request) return;
    this.#asking = true;
    try {
      const answer = await this.#python.ask(request);
      const own = this.#python !== python;
      if (own && (answer.error || answer.parts)) this.#look.tell(answer);
      if (answer.error && !own) {
        this.#changed = false;
        this.#link = "";
        this.#fail(`This figure’s program stopped. ${answer.error}`);
      } else if (answer.parts) this.#render(answer);
      if (answer.run) this.#transport?.tell(answer.run, Boolean(answer.parts));
    } catch {
      // the worker failed; the `failed` event has told it
    } finally {
      this.#asking = false;
    }
    if (this.state === "live" || this.state === "starting") this.#next();
  }

  /** What is left to do for a moving figure, when the reader asks for nothing: go to the moment asked for, look ahead. */
  #further() {
    const transport = this.#transport;
    if (!transport || this.state !== "live") return undefined;
    const { at, done } = transport.run;
    if (at < transport.wanted) return /** @type {Request} */ ({ type: "seek", key: this.#key, to: transport.wanted });
    return done ? undefined : /** @type {Request} */ ({ type: "ahead", key: this.#key });
  }

  /** @param {Answer} answer */
  #render(answer) {
    const { parts = {}, charts = {}, link = "", ms = 0 } = answer;
    this.#link = link;
    this.dispatchEvent(new CustomEvent("cutaway:render", { bubbles: true, detail: answer }));
    // what the reader changed while Python started must not be put back: the queue's last answer counts
    if (this.state === "starting" && this.#queue.length > 0) return;
    for (const [name, html] of Object.entries(parts)) {
      const last = this.#parts[name];
      if (last?.html === html) continue;
      const part = this.#find(`[data-part="${name}"]`);
      const moving = this.classList.contains("is-moving") || Boolean(this.#transport?.playing);
      const safe = this.#python === python ? html : this.#look.purified(html);
      this.#parts[name] = { html, children: patch(part, safe, last?.children, moving) };
      localise(part);
    }
    const { ran } = answer;
    this.#find("[data-ms]").textContent = ran
      ? `${ran.model}, ${(ran.parameters / 1e6).toFixed(1)} M parameters, ${ran.provider}, ${Math.round(ran.ms)} ms`
      : `${this.#python === python ? "Python in this page" : "your program"}, ${ms < 1 ? ms.toFixed(1) : Math.round(ms)} ms`;
    if (this.state !== "live") this.#show("live");
    for (const [name, figure] of Object.entries(charts)) {
      const place = this.#find(`[data-chart="${name}"]`);
      const cannot = (/** @type {Error} */ error) => this.#look.tell({ error: `Plotly cannot draw “${name}”: ${error.message}` });
      if (place) drawChart(place, figure).catch(cannot);
    }
  }

  /** @param {State} state */
  #show(state) {
    this.figure.dataset.state = state;
  }

  #progress = (/** @type {Event} */ event) => {
    if (this.state !== "starting") return;
    const { step, steps, doing, read, total } = /** @type {CustomEvent<import("./python.js").Progress>} */ (event).detail;
    const waiting = this.#queue.length > 1 ? ". A change waits" : "";
    const progress = this.#find("progress");
    progress.max = total;
    progress.value = read;
    this.#find("[data-doing]").textContent = "starting Python";
    this.#find("[data-step]").textContent = `(step ${step} of ${steps})`;
    const bytes = `${(read / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
    this.#find("[data-bytes]").textContent = read < total ? bytes + waiting : doing + waiting;
  };

  // A model on its way: only the figure that asked for something waits, and its badge says for what.
  #loading = (/** @type {Event} */ event) => {
    if (!this.#asking || this.state === "static" || this.state === "failed") return;
    const { what, read, total } = /** @type {CustomEvent<{what: string, read: number, total: number}>} */ (event).detail;
    if (this.state === "live") this.#show("starting");
    const progress = this.#find("progress");
    progress.max = total;
    progress.value = read;
    this.#find("[data-doing]").textContent = `fetching ${what}`;
    this.#find("[data-step]").textContent = "";
    this.#find("[data-bytes]").textContent = `${(read / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
  };

  #failed = (/** @type {Event} */ event) => {
    const why = /** @type {CustomEvent<string>} */ (event).detail;
    if (this.#python !== python) {
      this.#look.tell({ error: stopped(why) });
      this.back();
    } else if (this.state === "starting") this.#fail(`${python.ready ? "This figure" : "Python"} did not start: ${why}.`);
    else if (this.state === "live") this.#fail(`Python stopped: ${why}.`);
  };

  /** @type {[string, (event: Event) => void][]} what is heard of a Python */
  #told = [["progress", this.#progress], ["loading", this.#loading], ["failed", this.#failed]];

  /** Shows what a program that the reader rewrote has answered, and lets it answer from now on. @param {Python} own @param {Answer} answer */
  #take(own, answer) {
    this.#hear(own);
    this.#queue = [];
    this.#transport?.begin();
    if (this.state === "failed") this.#enable(true);
    this.#render(answer);
    if (answer.run) this.#transport?.tell(answer.run, true);
    this.#next();
  }

  /** Runs the book's own program again, as the controls stand. */
  back() {
    if (this.#python === python) return;
    this.#hear(python);
    this.open(this.#link);
  }

  /** @param {string} why */
  #fail(why) {
    const text = this.#find("[data-failure]");
    const [first, ...rest] = why.split(/(?<=[.:]) /);
    const head = document.createElement("b");
    head.textContent = first;
    text.replaceChildren(head, ` ${rest.join(" ")} What the figure shows still holds; its controls are off.`);
    this.#queue = [];
    this.#enable(false);
    this.#show("failed");
    this.dispatchEvent(new CustomEvent("cutaway:failed", { bubbles: true }));
  }

  /** @param {boolean} on */
  #enable(on) {
    for (const control of this.figure.querySelectorAll(":is(.cw-body, .cw-trans) :is(input, textarea, select, button)")) {
      /** @type {HTMLInputElement} */ (control).disabled = !on;
    }
  }

  /** The address of the figure as it stands; of a figure alone, that of its place in the book. */
  #address() {
    const page = /** @type {HTMLLinkElement | null} */ (EMBEDDED ? document.querySelector("link[rel=canonical]") : null);
    const link = new URL(page?.href ?? location.href);
    link.search = `?figure=${encodeURI(this.uid)}${this.#link ? `&${this.#link}` : ""}`;
    link.hash = this.uid;
    return link;
  }

  /** What a picture says of itself, and the table as Python gave it. */
  #now() {
    const table = this.#parts.table?.html ?? this.#find("[data-part=table]").innerHTML;
    return { link: this.#address().href, table };
  }

  /** @param {HTMLButtonElement} button */
  async #copyLink(button) {
    const link = this.#address();
    if (!EMBEDDED) history.replaceState(history.state, "", link);
    const said = /** @type {Element} */ (button.querySelector("[data-said]"));
    const done = await copied(link.href);
    sayOn(said, done ? "Copied" : EMBEDDED ? "Not allowed here" : "It’s in the address bar");
  }
}
