/** Colours, numbers and elements of SVG, for who paints a figure. */

const SVG = "http://www.w3.org/2000/svg";
export const ink = /** @type {CanvasRenderingContext2D} */ (
  document.createElement("canvas").getContext("2d", { willReadFrequently: true })
);
/** @type {Map<string, {colour: string, opacity: number}>} */
const colours = new Map();

/** Any colour of CSS as one that every program knows. @param {string} css */
export function plain(css) {
  let found = colours.get(css);
  if (!found) {
    ink.clearRect(0, 0, 1, 1);
    ink.fillStyle = "#000";
    ink.fillStyle = css;
    ink.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = ink.getImageData(0, 0, 1, 1).data;
    const hex = [red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("");
    found = { colour: `#${hex}`, opacity: Math.round((alpha / 255) * 1000) / 1000 };
    colours.set(css, found);
  }
  return found;
}

/** @param {Element} element @param {Record<string, string | number>} attributes */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(typeof value === "number" ? Math.round(value * 100) / 100 : value));
  }
}

/** @param {string} name @param {Record<string, string | number>} attributes */
export function make(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  set(element, attributes);
  return element;
}
