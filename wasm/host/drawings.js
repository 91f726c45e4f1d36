/** A drawing of a figure, copied with the style inside that the page's style sheets give it. */
import { plain, set } from "./ink.js";

const DRAWN = [
  "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight",
  "font-style", "text-anchor", "dominant-baseline", "visibility", "fill-rule",
]; // prettier-ignore
const COLOURS = ["fill", "stroke"];
const GONE = /^(script|foreignObject|style|title|desc)$/i;

/** what the numbers of a path's commands are (SVG 2, section 9.3); arcs are not among them */
const COMMANDS = /** @type {Record<string, string>} */ ({ M: "xy", L: "xy", T: "xy", H: "x", V: "y", C: "xyxyxy", S: "xyxy", Q: "xyxy", Z: "" });

/** A path in other units, its axes kept; null where it has what this does not know. @param {string} path @param {DOMMatrix} matrix */
function moved(path, { a, d, e, f, b, c }) {
  if (b || c) return null;
  let made = "";
  for (const [, command, list] of path.matchAll(/([a-df-zA-DF-Z])([^a-df-zA-DF-Z]*)/g)) {
    const axes = COMMANDS[command.toUpperCase()];
    if (axes === undefined) return null;
    const absolute = command === command.toUpperCase();
    const numbers = (list.match(/[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/g) ?? []).map((number, at) =>
      axes[at % axes.length] === "x" ? Number(number) * a + (absolute ? e : 0) : Number(number) * d + (absolute ? f : 0),
    );
    made += command + numbers.map((number) => Math.round(number * 100) / 100).join(" ");
  }
  return made;
}

/**
 * A line that keeps its width however its drawing is stretched: other programs do not know of such, and pictures of
 * double size forget it. The path is written in the units of the page, and turned back to those of its drawing.
 * @param {SVGGraphicsElement} element @param {Element} twin
 */
function keepWidth(element, twin) {
  const own = element.getCTM();
  if (!own) return;
  // not asked of its parent: browsers disagree about the matrix of a drawing itself
  const turned = element.transform.baseVal.consolidate()?.matrix;
  const around = turned ? own.multiply(turned.inverse()) : own;
  const path = moved(element.getAttribute("d") ?? "", DOMMatrix.fromMatrix(own));
  if (path === null) return twin.setAttribute("vector-effect", "non-scaling-stroke");
  const { a, b, c, d, e, f } = around.inverse();
  set(twin, { d: path, transform: `matrix(${[a, b, c, d, e, f]})` });
}

/**
 * @param {SVGSVGElement} drawing @param {(style: CSSStyleDeclaration) => void} face notes a font in use
 * @returns {SVGSVGElement}
 */
export function copied(drawing, face) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  const before = [drawing, ...drawing.querySelectorAll("*")];
  const after = [copy, ...copy.querySelectorAll("*")];
  for (const [at, element] of before.entries()) {
    const style = getComputedStyle(element);
    const twin = after[at];
    if (style.display === "none" || GONE.test(element.localName)) {
      twin.remove();
      continue;
    }
    for (const { name } of [...twin.attributes]) {
      if (/^(style|class|vector-effect|tabindex|role|href|xlink:href)$|^(on|data-|aria-)/.test(name)) twin.removeAttribute(name);
    }
    for (const name of DRAWN) twin.setAttribute(name, style.getPropertyValue(name));
    for (const name of COLOURS) {
      const value = style.getPropertyValue(name);
      const inside = value.startsWith("url(");
      const { colour, opacity } = inside || value === "none" ? { colour: value, opacity: 1 } : plain(value);
      set(twin, { [name]: colour, [`${name}-opacity`]: opacity * Number(style.getPropertyValue(`${name}-opacity`)) });
    }
    if (element instanceof SVGPathElement && style.vectorEffect === "non-scaling-stroke") keepWidth(element, twin);
    if (element.localName === "text") face(style);
  }
  return copy;
}
