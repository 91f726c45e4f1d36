/**
 * A figure as one SVG that any program can open: what the browser has laid out, painted again box by box, line by line.
 * No foreign object, no script, no address: backgrounds, gradients and borders are shapes, text is text, drawings are
 * copied with the colours that hold now, fonts are inside.
 */
import { Boxes } from "./boxes.js";
import { copied } from "./drawings.js";
import { faceOf, fontRules } from "./fonts.js";
import { ink, make, plain, set } from "./ink.js";

const GENERATED = /** @type {const} */ (["::before", "::after"]);

class Painter {
  /** @param {DOMRect} frame */
  constructor(frame) {
    this.frame = frame;
    this.svg = make("svg", { viewBox: `0 0 ${frame.width} ${frame.height}`, width: frame.width, height: frame.height });
    /** @type {Element} where shapes go now */
    this.at = this.svg;
    const defs = make("defs");
    this.svg.append(defs);
    this.boxes = new Boxes((name, attributes) => this.add(name, attributes), defs);
    /** @type {Set<string>} the faces in use */
    this.faces = new Set();
  }

  /** @param {string} name @param {Record<string, string | number>} attributes */
  add(name, attributes) {
    const element = make(name, attributes);
    this.at.append(element);
    return element;
  }

  /** @param {DOMRect} box */
  place({ x, y, width, height }) {
    return { x: x - this.frame.x, y: y - this.frame.y, width, height };
  }

  /** @param {Element} element @param {number} opacity of what it stands in @param {number} turn in degrees, of what it stands in */
  element(element, opacity = 1, turn = 0) {
    const style = getComputedStyle(element);
    const seen = opacity * Number(style.opacity);
    // what only a screen reader gets is cut to nothing; what is folded away is not visible
    if (style.display === "none" || seen === 0 || style.clipPath === "inset(50%)" || !element.checkVisibility()) return;
    const outer = this.at;
    const box = this.place(element.getBoundingClientRect());
    const cut = this.#cut(style, box);
    if (style.clipPath !== "none" && cut) this.at = this.add("g", { "clip-path": this.boxes.clip(cut) });
    if (style.visibility !== "hidden") this.boxes.paint(style, box, seen);
    if (style.clipPath === "none" && cut) this.at = this.add("g", { "clip-path": this.boxes.clip(cut) });
    if (element instanceof SVGSVGElement) this.#drawing(element, style, box, seen);
    else if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) this.#field(element, style, box, seen);
    else if (!(element instanceof HTMLSelectElement)) {
      if (style.display === "list-item" && style.listStyleType === "disc") this.#disc(style, box, seen);
      const turned = turn + turnOf(style);
      for (const node of element.childNodes) {
        if (node instanceof Text && style.visibility !== "hidden") this.#text(node, style, seen, turned + (style.writingMode === "vertical-rl" ? 90 : 0));
        else if (node instanceof Element) this.element(node, seen, turned);
      }
    }
    this.at = outer;
  }

  /** What is seen of a box, where that is not all. @param {CSSStyleDeclaration} style @param {{x: number, y: number, width: number, height: number}} box */
  #cut(style, box) {
    const inset = /^inset\((.*)\)$/.exec(style.clipPath);
    if (inset) {
      const parts = inset[1].split(/ (?![^(]*\))/);
      const [top, right = top, bottom = top, left = right] = parts.map((part, at) => {
        const whole = at % 2 ? box.width : box.height;
        return [...part.matchAll(/(-?)\s*([\d.]+)(px|%)/g)].reduce((sum, [, sign, number, unit]) => sum + Number(sign + number) * (unit === "%" ? whole / 100 : 1), 0);
      });
      return { x: box.x + left, y: box.y + top, width: Math.max(0, box.width - left - right), height: Math.max(0, box.height - top - bottom) };
    }
    return style.overflowX !== "visible" && style.display !== "inline" ? box : null;
  }

  /** @param {CSSStyleDeclaration} style @param {{x: number, y: number}} box @param {number} seen */
  #disc(style, { x, y }, seen) {
    const size = parseFloat(style.fontSize);
    const { colour, opacity } = plain(style.color);
    this.add("circle", { cx: x - 0.8 * size, cy: y + parseFloat(style.lineHeight) / 2, r: 0.18 * size, fill: colour, "fill-opacity": opacity * seen });
  }

  /** @param {HTMLInputElement | HTMLTextAreaElement} field @param {CSSStyleDeclaration} style @param {{x: number, y: number, height: number}} box @param {number} seen */
  #field(field, style, box, seen) {
    if (field instanceof HTMLInputElement && !["text", "number", "search"].includes(field.type)) return;
    const size = parseFloat(style.fontSize);
    const high = parseFloat(style.lineHeight) || 1.2 * size;
    const left = box.x + parseFloat(style.borderLeftWidth) + parseFloat(style.paddingLeft);
    const lines = field.value.split("\n");
    const top = field instanceof HTMLInputElement ? box.y + (box.height - high) / 2 : box.y + parseFloat(style.borderTopWidth) + parseFloat(style.paddingTop);
    for (const [at, line] of lines.entries()) this.#line(line, left, top + at * high + (high + 0.7 * size) / 2, style, seen);
  }

  /** Each line of a text where the browser has set it. @param {Text} node @param {CSSStyleDeclaration} style @param {number} seen @param {number} turn */
  #text(node, style, seen, turn) {
    if (!node.data.trim()) return;
    const range = document.createRange();
    const boxOf = (/** @type {number} */ start, /** @type {number} */ end) => {
      range.setStart(node, start);
      range.setEnd(node, end);
      return [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
    };
    /** @type {{text: string, box: DOMRect, right: number, end: number}[]} */
    const lines = [];
    const keeps = style.whiteSpace.startsWith("pre") || style.whiteSpaceCollapse === "preserve";
    /** @param {string} word @param {number} start @param {DOMRect} box */
    const put = (word, start, box) => {
      const line = lines.at(-1);
      const between = line ? node.data.slice(line.end, start) : "";
      const goesOn = line && !turn && Math.abs(line.box.y - box.y) < box.height / 2 && box.x >= line.right - 1;
      if (line && goesOn && !(keeps && between.length > 1)) {
        line.text += (between && " ") + word;
        line.right = box.right;
        line.end = start + word.length;
      } else lines.push({ text: word, box, right: box.right, end: start + word.length });
    };
    // turned text stands in one piece, on one line
    const words = turn ? [...node.data.matchAll(/\S(?:.*\S)?/gs)] : [...node.data.matchAll(/\S+/g)];
    for (const { index, 0: word } of words) {
      const boxes = boxOf(index, index + word.length);
      if (boxes.length === 1 || turn) {
        if (boxes.length) put(word, index, boxes[0]);
        continue;
      }
      // a word that the browser has broken
      let at = index;
      for (const letter of word) {
        const [box] = boxOf(at, at + letter.length);
        if (box) put(letter, at, box);
        at += letter.length;
      }
    }
    ink.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = ink.measureText("x");
    for (const { text, box, right } of lines) {
      const { x, y, width, height } = this.place(box);
      if (turn % 180) {
        const [middle, centre] = [x + width / 2, y + height / 2];
        const element = this.#line(text, middle - height / 2, centre + (up - down) / 2, style, seen, height);
        element.setAttribute("transform", `rotate(${turn % 360} ${middle} ${centre})`);
      } else this.#line(text, x, y + (height - up - down) / 2 + up, style, seen, right - box.x);
    }
  }

  /** @param {string} text @param {number} x @param {number} y of the baseline @param {CSSStyleDeclaration} style @param {number} seen @param {number} [width] */
  #line(text, x, y, style, seen, width) {
    const shown = text.replace(/\s+/g, " ").trim();
    const { colour, opacity } = plain(style.color);
    const element = this.add("text", {
      x, y, fill: colour, "fill-opacity": opacity * seen, "font-family": style.fontFamily,
      "font-size": parseFloat(style.fontSize), "font-weight": style.fontWeight, "font-style": style.fontStyle,
      ...(width && shown.length > 1 && { textLength: width, lengthAdjust: "spacingAndGlyphs" }),
      ...(style.textDecorationLine.includes("underline") && { "text-decoration": "underline" }),
    }); // prettier-ignore
    element.textContent = style.textTransform === "uppercase" ? shown.toUpperCase() : shown;
    this.faces.add(faceOf(style));
    return element;
  }

  /** @param {SVGSVGElement} drawing @param {CSSStyleDeclaration} style @param {{x: number, y: number, width: number, height: number}} box @param {number} seen */
  #drawing(drawing, style, box, seen) {
    const copy = copied(drawing, (face) => this.faces.add(faceOf(face)));
    const view = drawing.getAttribute("viewBox") ?? `0 0 ${box.width} ${box.height}`;
    set(copy, { ...box, viewBox: view, opacity: seen, overflow: style.overflowX === "visible" ? "visible" : "hidden" });
    this.at.append(copy);
  }
}

/** How far a transform turns, in degrees. @param {CSSStyleDeclaration} style */
function turnOf(style) {
  if (style.transform === "none") return 0;
  const { a, b } = new DOMMatrix(style.transform);
  return Math.round((Math.atan2(b, a) * 180) / Math.PI);
}

/** Makes elements of what style sheets generate, so that it has a place; gives what undoes it. @param {HTMLElement} figure */
function withGenerated(figure) {
  /** @type {{host: Element, kind: string, style: [string, string][], text: string}[]} */
  const found = [];
  for (const host of figure.querySelectorAll("*")) {
    if (host instanceof SVGElement) continue;
    for (const kind of GENERATED) {
      const style = getComputedStyle(host, kind);
      if (style.content === "none" || style.content === "normal" || style.display === "none") continue;
      const text = /^"(.*)"$/s.exec(style.content)?.[1] ?? "";
      found.push({ host, kind, style: [...style].map((name) => [name, style.getPropertyValue(name)]), text });
    }
  }
  figure.classList.add("is-generated");
  const made = found.map(({ host, kind, style, text }) => {
    const element = document.createElement("i");
    for (const [name, value] of style) if (!name.startsWith("--")) element.style.setProperty(name, value);
    element.textContent = text;
    if (kind === "::before") host.prepend(element);
    else host.append(element);
    return element;
  });
  return () => {
    for (const element of made) element.remove();
    figure.classList.remove("is-generated");
  };
}

/**
 * The figure as an SVG, with a line below it that says where it is from.
 * @param {HTMLElement} figure @param {string} source
 * @returns {Promise<{text: string, width: number, height: number}>}
 */
export async function paint(figure, source) {
  // laid out without what can only be pressed, for as long as nobody sees it
  figure.classList.add("is-pictured");
  const line = document.createElement("p");
  line.className = "cw-from";
  line.textContent = source;
  figure.append(line);
  const undo = withGenerated(figure);
  const painter = new Painter(figure.getBoundingClientRect());
  try {
    painter.element(figure);
  } finally {
    undo();
    figure.classList.remove("is-pictured");
    line.remove();
  }
  const style = make("style");
  style.textContent = await fontRules(painter.faces);
  painter.svg.prepend(style);
  const title = make("title");
  title.textContent = figure.querySelector(".cw-title")?.textContent ?? "";
  painter.svg.prepend(title);
  const text = new XMLSerializer().serializeToString(painter.svg);
  return { text, width: painter.frame.width, height: painter.frame.height };
}

const WIDEST = 4096; // pixels

/** An SVG as a PNG, twice as fine as on the screen. @param {{text: string, width: number, height: number}} svg @returns {Promise<Blob>} */
export async function rasterise({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const scale = Math.min(2, WIDEST / width);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("this browser does not give the picture"))), "image/png"),
  );
}
