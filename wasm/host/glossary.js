/**
 * Shows a term's meaning beside the word: on hover after a moment, on focus, on a tap. The page carries each meaning,
 * hidden (demos_py/core/markdown/glossary.py), so nothing is fetched. Without the Popover API the link is a link.
 */
const COMING = 300; // milliseconds that a pointer must rest on a word
const GOING = 250; // and that it has to get from the word to its meaning
const GAP = 6; // pixels between the two

/** @type {HTMLAnchorElement | null} */
let word = null; // whose meaning is shown
/** @type {HTMLElement | null} */
let note = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let later;

/** @param {EventTarget | null} target @param {string} selector @returns {any} */
const within = (target, selector) => target instanceof Element && target.closest(selector);

/** @param {() => void} then @param {number} wait */
function after(then, wait) {
  clearTimeout(later);
  later = setTimeout(then, wait);
}

function hide() {
  clearTimeout(later);
  if (note?.isConnected) note.hidePopover();
  if (note) note.hidden = true;
  word = note = null;
}

/** @param {HTMLAnchorElement} link */
function show(link) {
  clearTimeout(later);
  if (link === word && note?.isConnected) return;
  hide();
  const found = document.getElementById(link.getAttribute("aria-describedby") ?? "");
  if (!found || !link.isConnected) return;
  [word, note] = [link, found];
  note.popover = "manual";
  note.hidden = false;
  note.showPopover();
  place(note, link);
}

/** @param {HTMLElement} note @param {HTMLAnchorElement} link */
function place(note, link) {
  // below the word's last line, or above its first where there is no room; it scrolls with the page
  const lines = [...link.getClientRects()];
  const [first, last] = [lines[0], lines[lines.length - 1]];
  const { width, height } = note.getBoundingClientRect();
  const below = last.bottom + GAP + height <= innerHeight || first.top - GAP - height < 0;
  const left = Math.min(last.left, document.documentElement.clientWidth - width - GAP);
  note.style.left = `${scrollX + Math.max(GAP, left)}px`;
  note.style.top = `${scrollY + (below ? last.bottom + GAP : first.top - GAP - height)}px`;
}

/** Listens for words of the glossary, on this page and on those that follow in its place. */
export function watchGlossary() {
  if (!("popover" in HTMLElement.prototype)) return;
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = within(event.target, "a.cw-gloss");
    if (link) after(() => show(link), COMING);
    else if (note && within(event.target, ".cw-gloss-note") === note) clearTimeout(later);
    else if (note && document.activeElement !== word) after(hide, GOING);
    else if (!note) clearTimeout(later);
  });
  document.addEventListener("focusin", (event) => {
    const link = within(event.target, "a.cw-gloss:focus-visible");
    if (link) show(link);
  });
  addEventListener("resize", () => {
    if (note && word) place(note, word);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === word) after(hide, GOING);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  // A finger's first tap shows the meaning, its second follows the link. Captured before the theme's own navigation.
  document.addEventListener(
    "click",
    (event) => {
      const link = within(event.target, "a.cw-gloss");
      const finger = /** @type {PointerEvent} */ (event).pointerType === "touch";
      if (link && finger && link !== word) {
        event.preventDefault();
        event.stopPropagation();
        show(link);
      } else if (!within(event.target, ".cw-gloss-note")) {
        hide();
      }
    },
    true,
  );
}
