/**
 * What a reader has read, remembered in this browser and nowhere else. `<cutaway-place>` at a chapter's end notes it,
 * `<cutaway-contents>` marks the chapters, `<cutaway-resume>` leads back to the place, and forgets it all when asked.
 */

const KEY = "cutaway-reading";
/** told in this page when it has changed; the other names are the browser's, for other tabs and for the way back */
const FORGOTTEN = "cutaway:forgotten";
const NEWS = [FORGOTTEN, "storage", "pageshow"];
/** how far down the window the heading of the section may stand that is being read */
const READING = 0.4;

/**
 * @typedef {object} Reading
 * @property {Record<string, {read: string[], of: number}>} chapters by page: the ids of the sections read, and how many there were
 * @property {{page: string, section: string, heading: string} | null} last the section that was on the screen last
 */

/** @param {unknown} value @returns {value is string} */
const isText = (value) => typeof value === "string";

/** What is remembered. What cannot be understood is as if it were not there. @returns {Reading} */
export function recall() {
  /** @type {Reading} */
  const reading = { chapters: {}, last: null };
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    for (const [page, kept] of Object.entries(found.chapters ?? {})) {
      if (Array.isArray(kept?.read) && kept.of > 0) reading.chapters[page] = { read: kept.read.filter(isText), of: Number(kept.of) };
    }
    if ([found.last?.page, found.last?.section, found.last?.heading].every(isText)) reading.last = found.last;
  } catch {
    // storage is refused here, or something else wrote to it
  }
  return reading;
}

/** @param {Reading} reading */
function remember(reading) {
  try {
    localStorage.setItem(KEY, JSON.stringify(reading));
  } catch {
    // no room, or refused: then nothing is remembered
  }
}

/** A chapter's section: its heading, and all blocks to the next. @typedef {{heading: HTMLElement, blocks: Element[]}} Section */

export class CutawayPlace extends HTMLElement {
  /** @type {Section[]} */
  #sections = [];
  /** @type {Set<Element>} */
  #seen = new Set();
  /** @type {IntersectionObserver | undefined} */
  #sight;

  connectedCallback() {
    this.#sight = new IntersectionObserver((entries) => this.#look(entries), { rootMargin: "-60px 0px 0px" }); // below the header
    this.#sections = [];
    for (const block of this.parentElement?.children ?? []) {
      if (block === this) break;
      if (block.matches("h2[id]")) this.#sections.push({ heading: /** @type {HTMLElement} */ (block), blocks: [] });
      const section = this.#sections.at(-1);
      if (!section) continue;
      section.blocks.push(block);
      this.#sight.observe(block);
    }
  }

  disconnectedCallback() {
    this.#sight?.disconnect();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #look(entries) {
    for (const { isIntersecting, target } of entries) if (isIntersecting) this.#seen.add(target);
    const page = this.dataset.page ?? "";
    const reading = recall();
    const known = JSON.stringify(reading);
    const before = reading.chapters[page]?.read ?? [];
    // of a section that a newer edition no longer has, nothing is left
    const read = this.#sections.filter((section) => before.includes(section.heading.id) || this.#isRead(section));
    const now = this.#sections.findLast(({ heading }) => heading.getBoundingClientRect().top < innerHeight * READING);
    if (read.length) reading.chapters[page] = { read: read.map(({ heading }) => heading.id), of: this.#sections.length };
    else delete reading.chapters[page];
    if (now) reading.last = { page, section: now.heading.id, heading: words(now.heading) };
    if (JSON.stringify(reading) !== known) remember(reading);
  }

  /** Whether all of a section has been on the screen, at whatever pace: not for who jumped over it. @param {Section} section */
  #isRead({ blocks }) {
    return blocks.every((block) => this.#seen.has(block));
  }
}

/** A heading's words, without the link beside them. @param {HTMLElement} heading */
const words = (heading) => [...heading.childNodes].filter((node) => !(node instanceof Element && node.matches(".headerlink"))).map((node) => node.textContent).join("");

/** What is drawn from what is remembered, and drawn again when that has changed. */
class Drawn extends HTMLElement {
  #again = () => this.draw(recall());

  connectedCallback() {
    for (const name of NEWS) addEventListener(name, this.#again);
    this.#again();
  }

  disconnectedCallback() {
    for (const name of NEWS) removeEventListener(name, this.#again);
  }

  /** @param {Reading} reading */
  draw(reading) {
    throw new Error(`nothing is drawn of ${reading}`);
  }
}

export class CutawayContents extends Drawn {
  /** @param {Reading} reading */
  draw({ chapters }) {
    for (const old of this.querySelectorAll(".cw-read")) old.remove();
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-chapter]"))) {
      const kept = chapters[item.dataset.chapter ?? ""];
      if (!kept?.read.length) continue;
      const { read, of } = kept;
      const mark = element("span", read.length < of ? `${read.length} of ${of} sections read` : "read");
      mark.className = "cw-read";
      item.append(mark);
    }
  }
}

export class CutawayResume extends Drawn {
  /** @param {Reading} reading */
  draw({ chapters, last }) {
    const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-chapter] a[href]"));
    const chapter = last && [...links].find((link) => link.closest("[data-chapter]")?.getAttribute("data-chapter") === last.page);
    if (!chapter && !Object.keys(chapters).length) return this.replaceChildren();
    const forget = element("button", "Forget my progress");
    forget.className = "cw-btn";
    forget.addEventListener("click", () => this.#forget());
    const note = element("p", "This browser remembers which sections you have read and where you were. It tells nobody. ");
    note.className = "cw-remembered";
    note.append(forget);
    this.replaceChildren(note);
    if (!chapter) return;
    const link = element("a", `${chapter.textContent}, “${last.heading}”`);
    link.setAttribute("href", `${chapter.getAttribute("href")}#${encodeURIComponent(last.section)}`);
    const resume = element("p", "Resume: ");
    resume.append(link);
    this.prepend(resume);
  }

  #forget() {
    try {
      localStorage.removeItem(KEY);
    } catch {
      // refused since: then it is gone already
    }
    dispatchEvent(new Event(FORGOTTEN));
    const said = element("p", "Forgotten.");
    said.setAttribute("role", "status");
    said.tabIndex = -1;
    this.replaceChildren(said);
    said.focus();
  }
}

/** @param {string} tag @param {string} text @returns {HTMLElement} */
const element = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
