/** A part of a figure brought to new HTML, with what the reader holds in it left as it is. */
import { Idiomorph } from "idiomorph";
import { leaveToPlotly } from "./charts.js";

const FOCUSABLE = "a, button, input, select, textarea, summary, [tabindex]";
/** what has a focus, a state or a movement to lose: not text, and not a table of data */
const KEPT = `${FOCUSABLE}, [style]`;

/**
 * Brings a part of the figure to new HTML. What did not change is not touched, so it keeps focus and state.
 * @param {HTMLElement} part @param {string} html
 * @param {string[] | undefined} before the HTML of the part's children as last rendered
 * @param {boolean} moving whether a control is being moved, so that bars jump and need not be the same elements
 * @returns {string[]} the same, as it is now
 */
export function patch(part, html, before, moving) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = [...template.content.childNodes];
  const rendered = fresh.map((child) => (child instanceof Element ? child.outerHTML : (child.nodeValue ?? "")));
  if (!part.querySelector(KEPT) && !template.content.querySelector(KEPT)) part.innerHTML = html;
  else if (before?.length !== fresh.length || part.childNodes.length !== fresh.length) {
    Idiomorph.morph(part, html, { ...MORPH, morphStyle: "innerHTML" });
  } else {
    const old = [...part.childNodes];
    fresh.forEach((child, i) => {
      if (rendered[i] === before[i]) return;
      if (!(child instanceof Element)) old[i].nodeValue = child.nodeValue;
      else if (moving && child.matches("table") && !child.querySelector(FOCUSABLE)) part.replaceChild(child, old[i]);
      else Idiomorph.morph(old[i], child, { ...MORPH, morphStyle: "outerHTML" });
    });
  }
  return rendered;
}

/** @type {object} */
const MORPH = {
  // text that is being typed is the reader's; what a pressed button shows is Python's
  get ignoreActiveValue() {
    return !(document.activeElement instanceof HTMLButtonElement);
  },
  callbacks: {
    beforeNodeMorphed: (/** @type {Node} */ old, /** @type {Node} */ fresh) => !leaveToPlotly(old, fresh),
    // whether a fold is open is the reader's, not Python's
    beforeAttributeUpdated: (/** @type {string} */ attribute, /** @type {Element} */ node) =>
      !(attribute === "open" && node.localName === "details"),
  },
};
