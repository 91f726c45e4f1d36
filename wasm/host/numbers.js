/**
 * Numbers as a language writes them: 1,234.5 is 1.234,5 in German. Only what is shown changes; Python, its
 * answers and what a form sends stay as they are. Left alone: tokens, code, what can be typed, and digits that
 * belong to a word.
 */
import { SWITCHED } from "./address.js";

const NUMBER = /(?<![\p{L}\d.,_:/])(?<![\p{L}\d]-)(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\p{L}\d_:/]|[.,-]\d)/gu;
const DATA = "code, pre, kbd, textarea, input, script, .cw-tok, .cw-strip, .cw-raw, .main-svg";

/** @param {string} language @returns {(text: string) => string} */
export function writer(language) {
  /** @type {Map<number, Intl.NumberFormat>} */
  const formats = new Map();
  const format = (/** @type {number} */ digits) => {
    const found = formats.get(digits);
    if (found) return found;
    const made = new Intl.NumberFormat(language, {
      numberingSystem: "latn", // a table of digits stays a table of these digits
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(digits, made);
    return made;
  };
  return (text) =>
    text.replace(NUMBER, (number) => {
      const [whole, fraction = ""] = number.replaceAll(",", "").split(".");
      // a year, a seed, or more digits than a number of JavaScript holds
      if ((!number.includes(",") && !fraction) || whole.length + fraction.length > 15) return number;
      const plain = whole.startsWith("0") && whole.length > 1;
      return plain ? number : format(fraction.length).format(Number(`${whole}.${fraction}`));
    });
}

const write = SWITCHED.numbers ? writer(SWITCHED.numbers) : null;

/** Rewrites the numbers of a part that was just rendered. @param {Element} part */
export function localise(part) {
  if (!write) return;
  const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const { nodeValue: text, parentElement } = node;
    if (!text || !/\d/.test(text) || parentElement?.closest(DATA)) continue;
    const now = write(text);
    if (now !== text) node.nodeValue = now;
  }
}

/** What Plotly takes for the marks of decimals and thousands. */
export const separators = write ? write("1,234.5").replace(/\d/g, "").split("").reverse().join("") : undefined;
