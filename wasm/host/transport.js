/**
 * The transport of a figure that moves: play, pause, step, scrub, speed. It knows no state of the figure, only
 * the number of the step shown; Python computes each state.
 */

/** @typedef {import("./messages").Run} Run */

const LONGEST_PAUSE = 250; // ms: time that passed while the page was hidden or busy is not made up for
const STILL = 1000; // ms between two moments where the reader asked for less motion

export class Transport {
  playing = false;
  /** @type {Run} */
  run;
  /** the step that the reader asked for last */
  wanted;
  #due = 0;
  #last = 0;
  #shown = 0;
  #seen = true;
  #opened = false;

  /**
   * @param {HTMLElement} bar the transport's element
   * @param {HTMLElement} reading what a screen reader hears at each step
   * @param {(to: number) => void} seek asks for the moment after so many steps
   * @param {() => boolean} ready whether the figure is live and waits for no answer
   */
  constructor(bar, reading, seek, ready) {
    this.bar = bar;
    this.reading = reading;
    this.seek = seek;
    this.ready = ready;
    const { at, known } = bar.dataset;
    this.run = { at: Number(at), wanted: Number(at), known: Number(known), done: true, marks: [] };
    this.wanted = this.run.at;
    bar.addEventListener("input", (event) => {
      if (event.target !== this.#moment) return;
      this.pause();
      this.#go(this.#moment.valueAsNumber);
    });
    this.sight = new IntersectionObserver((seen) => {
      this.#seen = seen.some((entry) => entry.isIntersecting);
    });
    this.sight.observe(/** @type {Element} */ (bar.parentElement));
  }

  /** @param {string} selector @returns {any} */
  #find(selector) {
    return this.bar.querySelector(selector);
  }

  get #moment() {
    return /** @type {HTMLInputElement} */ (this.#find("input"));
  }

  /** The figure is opened: its first answer says which moment it shows. */
  begin() {
    this.pause();
    this.#opened = false;
  }

  /** A button was pressed. @param {string} name */
  press(name) {
    if (name === "play") return this.playing ? this.pause() : this.play();
    this.pause();
    if (name === "start") this.#go(0);
    else this.#go(this.wanted + (name === "back" ? -1 : 1));
  }

  /** @param {number} to */
  #go(to) {
    const end = this.run.done ? this.run.known : Infinity;
    this.wanted = Math.max(0, Math.min(to, end));
    this.seek(this.wanted);
  }

  play() {
    if (this.run.done && this.wanted >= this.run.known) this.#go(0);
    this.#set(true);
    this.#due = 0;
    this.#shown = this.#last = performance.now();
    requestAnimationFrame(this.#frame);
  }

  pause() {
    if (this.playing) this.#set(false);
  }

  /** @param {boolean} playing */
  #set(playing) {
    this.playing = playing;
    const button = this.#find("[data-move=play]");
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    button.classList.toggle("is-playing", playing);
    // many steps a second would never let a screen reader finish; it hears the one at which the figure stops
    if (playing) this.reading.setAttribute("aria-live", "off");
    else {
      this.reading.removeAttribute("aria-live");
      this.reading.replaceChildren(...this.reading.childNodes);
    }
  }

  #frame = (/** @type {number} */ now) => {
    if (!this.playing) return;
    requestAnimationFrame(this.#frame);
    const passed = Math.min(Math.max(0, now - this.#last), LONGEST_PAUSE);
    this.#last = now;
    if (!this.#seen) return;
    this.#due += (passed / 1000) * Number(this.bar.dataset.rate) * Number(this.#find("select").value);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.#due < 1 || !this.ready() || (still && now - this.#shown < STILL)) return;
    const steps = Math.floor(this.#due);
    this.#due -= steps;
    this.#shown = now;
    this.#go(this.run.at + steps);
  };

  /** What Python says of the run. @param {Run} run @param {boolean} shown whether the figure now shows `run.at` */
  tell(run, shown) {
    this.run = run;
    if (!this.#opened) this.wanted = run.wanted;
    this.#opened = true;
    const { at, known, done, marks } = run;
    if (done) this.wanted = Math.min(this.wanted, known);
    const moment = this.#moment;
    moment.max = String(known);
    // a hand on the scrubber is not to be pulled away
    if (!shown || document.activeElement !== moment || at === this.wanted) moment.value = String(at);
    const word = moment.getAttribute("aria-label")?.toLowerCase();
    moment.setAttribute("aria-valuetext", `${word} ${at} of ${known}`);
    this.#find("[data-at]").textContent = at.toLocaleString("en");
    this.#find("[data-known]").textContent = known.toLocaleString("en") + (done ? "" : " and on");
    const ticks = marks.map(([step, words]) => {
      const tick = document.createElement("i");
      tick.style.left = `${((100 * step) / (known || 1)).toFixed(2)}%`;
      tick.title = words;
      return tick;
    });
    this.#find(".cw-ev").replaceChildren(...ticks);
    if (this.playing && done && at >= known) this.pause();
  }

  close() {
    this.playing = false;
    this.sight.disconnect();
  }
}
