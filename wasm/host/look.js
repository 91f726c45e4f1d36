/** A figure's program opened: the panel that shows it, and a Python of the figure's own for what the reader makes of it. */
import { sayOn } from "./copy.js";
import { dataAddresses, loadScript, text } from "./places.js";
import { Python } from "./python.js";

/** @typedef {import("./messages").Answer} Answer */
/** @typedef {import("./messages").Files} Files */
/** @typedef {import("./messages").Request} Request */

const PATIENCE = 4500; // milliseconds that a reader's program may take for one answer

/** What became of a program whose Python is gone. @param {string} why */
export const stopped = (why) => `Stopped: ${why}.`;

export class Look {
  #figure;
  /** @type {Python | undefined} */
  #own;
  /** @type {Promise<any> | undefined} */
  #panel;

  /**
   * @param {object} figure what is asked of the figure
   * @param {(selector: string) => any} figure.find
   * @param {() => Extract<Request, {type: "open"}>} figure.opening the request that opens it as it stands
   * @param {(own: Python, answer: Answer) => void} figure.take shows what another program has answered
   * @param {() => void} figure.back runs the book's own program
   * @param {() => URL} figure.link the address of the figure as it stands
   */
  constructor(figure) {
    this.#figure = figure;
  }

  /** Shows the panel below the figure, or hides it. */
  async toggle() {
    const button = this.#figure.find("[data-action=inside]");
    const open = button.getAttribute("aria-expanded") !== "true";
    try {
      this.#panel ??= this.#made();
      const { panel, focus } = await this.#panel;
      button.setAttribute("aria-expanded", String(open));
      panel.hidden = !open;
      if (open) focus();
    } catch (error) {
      this.#panel = undefined;
      button.dispatchEvent(new CustomEvent("cutaway:failed", { bubbles: true }));
      sayOn(button.lastElementChild, /** @type {Error} */ (error).message);
    }
  }

  async #made() {
    await loadScript("inside.js");
    const { back, find, link } = this.#figure;
    /** @type {import("./inside.js").Host} */
    const host = { figure: find("figure"), text, run: (files, say) => this.#run(files, say), back, addresses: dataAddresses, link };
    return /** @type {any} */ (window).cutawayInside.panelFor(host);
  }

  /** Says in the panel what came of the program. @param {Answer} answer */
  tell(answer) {
    this.#panel?.then((panel) => panel.tell(answer));
  }

  /** HTML that another program than the book's has made, without what could act on the page. @param {string} html */
  purified(html) {
    return /** @type {any} */ (window).cutawayInside.purified(html);
  }

  /** Ends the Python of its own, if there is one. */
  end() {
    this.#own?.end();
  }

  /**
   * Runs a program in the place of the book's. One that fails changes nothing.
   * @param {Files} files @param {(said: string) => void} say @returns {Promise<Answer>}
   */
  async #run(files, say) {
    const own = (this.#own ??= new Python({ closed: true, patience: PATIENCE }));
    const numpy = Object.values(files).some((text) => text.includes("numpy"));
    const tell = (/** @type {Event} */ event) => {
      const { read, total } = /** @type {CustomEvent<{read: number, total: number}>} */ (event).detail;
      say(`Starting a Python for your program, ${(read / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`);
    };
    const begun = () => say("Running");
    own.addEventListener("progress", tell);
    own.addEventListener("computing", begun);
    let started = false;
    try {
      await own.start(numpy);
      started = true;
      const answer = await own.ask({ ...this.#figure.opening(), numpy, files });
      if (!answer.error) this.#figure.take(own, answer);
      return answer;
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      return { error: started ? stopped(message) : `No Python for your program: ${message}. Run tries again.` };
    } finally {
      own.removeEventListener("progress", tell);
      own.removeEventListener("computing", begun);
    }
  }
}
