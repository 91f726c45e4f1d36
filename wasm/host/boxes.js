/** What CSS paints of a box: background, gradients, border, outline, inset shadows; as shapes of SVG. */
import { make, plain } from "./ink.js";

const SIDES = /** @type {const} */ (["Top", "Right", "Bottom", "Left"]);
/** @typedef {{x: number, y: number, width: number, height: number}} Box */
/** @typedef {(name: string, attributes: Record<string, string | number>) => Element} Add */

/** A list of CSS at its outermost commas. @param {string} list */
function split(list) {
  const parts = [""];
  let depth = 0;
  for (const letter of list) {
    depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}

/** The pixels of a length or of a sum of lengths. @param {string} css @param {number} whole what 100% is */
function pixels(css, whole) {
  let sum = 0;
  for (const [, sign, number, unit] of css.matchAll(/([+-]?)\s*([\d.]+(?:e-?\d+)?)(px|%)/g)) {
    sum += Number(`${sign}${number}`) * (unit === "%" ? whole / 100 : 1);
  }
  return sum;
}

/** @param {Box} box @param {number} by */
const grown = ({ x, y, width, height }, by) => ({ x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by });

export class Boxes {
  #ids = 0;

  /** @param {Add} add puts a shape where the painter is @param {Element} defs */
  constructor(add, defs) {
    this.add = add;
    this.defs = defs;
  }

  /** @param {string} name @param {Record<string, string | number>} attributes @param {Element[]} children */
  define(name, attributes, children) {
    const id = `${name}-${++this.#ids}`;
    const element = make(name, { ...attributes, id });
    element.append(...children);
    this.defs.append(element);
    return `url(#${id})`;
  }

  /** @param {Box} box */
  clip(box) {
    return this.define("clipPath", {}, [make("rect", { ...box })]);
  }

  /** @param {CSSStyleDeclaration} style @param {Box} box @param {number} seen its opacity */
  paint(style, box, seen) {
    const radius = Math.min(corner(style, box), box.width / 2, box.height / 2);
    this.#fill(style, box, seen, radius);
    this.#shadows(style, box, seen);
    this.#borders(style, box, seen, radius);
    const width = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
    if (width) this.#frame(grown(box, parseFloat(style.outlineOffset) + width / 2), style.outlineColor, width, seen, style.outlineStyle);
  }

  /** @param {CSSStyleDeclaration} style @param {Box} box @param {number} seen @param {number} radius */
  #fill(style, box, seen, radius) {
    if (!(box.width > 0 && box.height > 0)) return;
    const back = plain(style.backgroundColor);
    if (back.opacity) this.add("rect", { ...box, rx: radius, fill: back.colour, "fill-opacity": back.opacity * seen });
    if (style.backgroundImage === "none") return;
    const inside = {
      x: box.x + parseFloat(style.borderLeftWidth),
      y: box.y + parseFloat(style.borderTopWidth),
      width: box.width - parseFloat(style.borderLeftWidth) - parseFloat(style.borderRightWidth),
      height: box.height - parseFloat(style.borderTopWidth) - parseFloat(style.borderBottomWidth),
    };
    const layers = split(style.backgroundImage);
    const of = (/** @type {string} */ list, /** @type {number} */ at) => {
      const all = split(list);
      return all[at % all.length];
    };
    for (const [at, image] of [...layers.entries()].reverse()) {
      const [wide, high = "auto"] = of(style.backgroundSize, at).split(/ (?![^(]*\))/);
      const width = wide === "auto" ? inside.width : pixels(wide, inside.width);
      const height = high === "auto" ? inside.height : pixels(high, inside.height);
      if (!(width > 0 && height > 0)) continue;
      const tile = {
        x: inside.x + pixels(of(style.backgroundPositionX, at), inside.width - width),
        y: inside.y + pixels(of(style.backgroundPositionY, at), inside.height - height),
        width,
        height,
      };
      const once = tile.width >= inside.width - 0.5 && tile.height >= inside.height - 0.5;
      const repeat = of(style.backgroundRepeat, at);
      const fill = this.#gradient(image, once || repeat === "no-repeat" ? tile : { x: 0, y: 0, width, height });
      if (!fill) continue;
      if (once) this.add("rect", { ...box, rx: radius, fill, opacity: seen });
      else if (repeat === "no-repeat") this.add("rect", { ...tile, fill, opacity: seen });
      else {
        const rect = make("rect", { x: 0, y: 0, width, height, fill });
        const area = { ...inside, ...(repeat === "repeat-x" && { y: tile.y, height }), ...(repeat === "repeat-y" && { x: tile.x, width }) };
        this.add("rect", { ...area, fill: this.define("pattern", { ...tile, patternUnits: "userSpaceOnUse" }, [rect]), opacity: seen });
      }
    }
  }

  /** A gradient of CSS over a box (CSS Images 3, section 3.1), as a fill; none for other images. @param {string} image @param {Box} box */
  #gradient(image, box) {
    const found = /^(repeating-)?linear-gradient\((.*)\)$/s.exec(image);
    if (!found) return null;
    const parts = split(found[2]);
    let angle = Math.PI;
    const turned = /^(-?[\d.]+)deg$/.exec(parts[0]);
    const toSide = { "to right": 90, "to left": 270, "to top": 0, "to bottom": 180 }[parts[0]];
    if (turned || toSide !== undefined) {
      angle = ((turned ? Number(turned[1]) : Number(toSide)) * Math.PI) / 180;
      parts.shift();
    }
    const [right, up] = [Math.sin(angle), Math.cos(angle)];
    const length = Math.abs(box.width * right) + Math.abs(box.height * up);
    /** @type {{css: string, at: number | null}[]} */
    const stops = [];
    for (const part of parts) {
      const [, css, places] = /^(.*?\)|\S+)\s*(.*)$/s.exec(part) ?? [];
      const at = places ? (places.match(/calc\([^)]*\)|\S+/g) ?? []) : [];
      if (at.length === 0) stops.push({ css, at: null });
      for (const place of at) stops.push({ css, at: pixels(place, length) });
    }
    if (stops.length === 0) return null;
    stops[0].at ??= 0;
    const last = stops[stops.length - 1];
    last.at ??= length;
    for (const [index, stop] of stops.entries()) {
      if (stop.at === null) {
        const next = stops.slice(index).findIndex(({ at }) => at !== null);
        const [from, to] = [Number(stops[index - 1].at), Number(stops[index + next].at)];
        stop.at = from + (to - from) / (next + 1);
      } else if (index && stop.at < Number(stops[index - 1].at)) stop.at = stops[index - 1].at;
    }
    const end = found[1] ? Number(last.at) : Math.max(length, Number(last.at));
    const first = { x: box.x + box.width / 2 - (right * length) / 2, y: box.y + box.height / 2 + (up * length) / 2 };
    const attributes = {
      gradientUnits: "userSpaceOnUse", spreadMethod: found[1] ? "repeat" : "pad",
      x1: first.x, y1: first.y, x2: first.x + right * end, y2: first.y - up * end,
    }; // prettier-ignore
    const marks = stops.map(({ css, at }) => {
      const { colour, opacity } = plain(css);
      return make("stop", { offset: String(Number(at) / end), "stop-color": colour, "stop-opacity": opacity });
    });
    return this.define("linearGradient", attributes, marks);
  }

  /** Shadows without blur, the only ones that the figures have. @param {CSSStyleDeclaration} style @param {Box} box @param {number} seen */
  #shadows(style, box, seen) {
    if (style.boxShadow === "none") return;
    for (const shadow of split(style.boxShadow).reverse()) {
      const [right, down, , spread] = (shadow.match(/-?[\d.]+px/g) ?? []).map(parseFloat);
      const css = shadow.replace(/-?[\d.]+px|inset/g, "").trim();
      const { colour, opacity } = plain(css);
      const fill = { fill: colour, "fill-opacity": opacity * seen };
      if (!shadow.includes("inset")) {
        if (down > 0) this.add("rect", { x: box.x, y: box.y + box.height, width: box.width, height: down, ...fill });
      } else if (spread && 2 * spread >= Math.min(box.width, box.height)) this.add("rect", { ...box, ...fill });
      else if (spread) this.#frame(grown(box, -spread / 2), css, spread, seen, "solid");
      else if (right) this.add("rect", { ...box, x: right > 0 ? box.x : box.x + box.width + right, width: Math.abs(right), ...fill });
      else if (down) this.add("rect", { ...box, y: down > 0 ? box.y : box.y + box.height + down, height: Math.abs(down), ...fill });
    }
  }

  /** @param {Box} box the middle of the line @param {string} css @param {number} width @param {number} seen @param {string} kind @param {number} [rx] */
  #frame(box, css, width, seen, kind, rx = 0) {
    const { colour, opacity } = plain(css);
    if (!opacity || box.width < 0 || box.height < 0) return;
    this.add("rect", { ...box, rx, fill: "none", stroke: colour, "stroke-width": width, "stroke-opacity": opacity * seen, ...dashes(kind, width) });
  }

  /** @param {CSSStyleDeclaration} style @param {Box} box @param {number} seen @param {number} radius */
  #borders(style, box, seen, radius) {
    const sides = SIDES.map((side) => ({
      kind: style[`border${side}Style`],
      width: /none|hidden/.test(style[`border${side}Style`]) ? 0 : parseFloat(style[`border${side}Width`]),
      css: style[`border${side}Color`],
    }));
    const [top, right, bottom, left] = sides.map(({ width }) => width);
    if (top && sides.every(({ kind, width, css }) => kind === sides[0].kind && width === top && css === sides[0].css)) {
      return this.#frame(grown(box, -top / 2), sides[0].css, top, seen, sides[0].kind, Math.max(0, radius - top / 2));
    }
    const [x, y, far, low] = [box.x, box.y, box.x + box.width, box.y + box.height];
    // the corners outside and inside; each side is what lies between two of them, as CSS has it where sides differ
    const outside = [[x, y], [far, y], [far, low], [x, low]]; // prettier-ignore
    const inside = [[x + left, y + top], [far - right, y + top], [far - right, low - bottom], [x + left, low - bottom]]; // prettier-ignore
    for (const [at, { kind, width, css }] of sides.entries()) {
      const { colour, opacity } = plain(css);
      if (!width || !opacity) continue;
      const next = (at + 1) % 4;
      if (kind === "solid") {
        const points = [outside[at], outside[next], inside[next], inside[at]].map((point) => point.map((one) => Math.round(one * 100) / 100).join()).join(" ");
        this.add("polygon", { points, fill: colour, "fill-opacity": opacity * seen });
      } else {
        const [[x1, y1], [x2, y2]] = [at, next].map((one) => [0, 1].map((axis) => (outside[one][axis] + inside[one][axis]) / 2));
        this.add("line", { x1, y1, x2, y2, stroke: colour, "stroke-width": width, "stroke-opacity": opacity * seen, ...dashes(kind, width) });
      }
    }
  }
}

/** @param {string} kind @param {number} width @returns {Record<string, string>} */
const dashes = (kind, width) => (kind === "dashed" ? { "stroke-dasharray": `${3 * width} ${2 * width}` } : kind === "dotted" ? { "stroke-dasharray": `${width}` } : {});

/** @param {CSSStyleDeclaration} style @param {Box} box */
const corner = (style, box) => pixels(style.borderTopLeftRadius.split(" ")[0], box.width);
