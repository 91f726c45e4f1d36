/**
 * A figure as one SVG that any program can open: what the browser has laid out, painted again box by box, line by line.
 * No foreign object, no script, no address: backgrounds and borders are rectangles and lines, text is text, drawings are
 * copied with the colours that hold now, fonts are inside. What CSS paints without an element (gradients, shadows,
 * generated content) is left out; the book's figures say nothing by these alone.
 */

const SVG = "http://www.w3.org/2000/svg";
/** what a copied drawing takes from the page's style sheets */
const DRAWN = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity",
  "opacity", "font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline", "visibility",
]; // prettier-ignore
const COLOURS = ["fill", "stroke"];
const SIDES = /** @type {const} */ (["Top", "Right", "Bottom", "Left"]);

const ink = /** @type {CanvasRenderingContext2D} */ (
  document.createElement("canvas").getContext("2d", { willReadFrequently: true })
);
/** @type {Map<string, {colour: string, opacity: number}>} */
const colours = new Map();

/** Any colour of CSS as one that every program knows. @param {string} css */
function plain(css) {
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

/** @param {number} value */
const round = (value) => Math.round(value * 100) / 100;

class Painter {
  /** @param {DOMRect} frame */
  constructor(frame) {
    this.frame = frame;
    this.svg = document.createElementNS(SVG, "svg");
    this.set(this.svg, { viewBox: `0 0 ${round(frame.width)} ${round(frame.height)}`, width: frame.width, height: frame.height });
    /** @type {Set<string>} the faces in use: family, weight and style */
    this.faces = new Set();
  }

  /** @param {Element} element @param {Record<string, string | number>} attributes */
  set(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) {
      element.setAttribute(name, String(typeof value === "number" ? round(value) : value));
    }
  }

  /** @param {string} name @param {Record<string, string | number>} attributes */
  add(name, attributes) {
    const element = document.createElementNS(SVG, name);
    this.set(element, attributes);
    this.svg.append(element);
    return element;
  }

  /** @param {Element} element @param {number} opacity of what it stands in */
  element(element, opacity = 1) {
    const style = getComputedStyle(element);
    const seen = opacity * Number(style.opacity);
    if (style.display === "none" || seen === 0) return;
    const box = element.getBoundingClientRect();
    // what only a screen reader gets is cut to a pixel
    if (style.position === "absolute" && box.width <= 1 && box.height <= 1) return;
    if (element instanceof SVGSVGElement) return this.drawing(element, box, seen);
    if (style.visibility !== "hidden") this.box(style, box, seen);
    if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return;
    for (const node of element.childNodes) {
      if (node instanceof Text && style.visibility !== "hidden") this.text(node, style, seen);
      else if (node instanceof Element) this.element(node, seen);
    }
  }

  /** @param {CSSStyleDeclaration} style @param {DOMRect} box @param {number} seen */
  box(style, box, seen) {
    const [x, y] = [box.x - this.frame.x, box.y - this.frame.y];
    const back = plain(style.backgroundColor);
    if (back.opacity > 0 && box.width > 0 && box.height > 0) {
      this.add("rect", { x, y, width: box.width, height: box.height, fill: back.colour, "fill-opacity": back.opacity * seen });
    }
    for (const side of SIDES) {
      const width = parseFloat(style[`border${side}Width`]);
      const kind = style[`border${side}Style`];
      const { colour, opacity } = plain(style[`border${side}Color`]);
      if (!width || kind === "none" || kind === "hidden" || !opacity) continue;
      const half = width / 2;
      const [left, top, right, bottom] = [x + half, y + half, x + box.width - half, y + box.height - half];
      const ends = { Top: [x, top, x + box.width, top], Bottom: [x, bottom, x + box.width, bottom], Left: [left, y, left, y + box.height], Right: [right, y, right, y + box.height] }[side];
      this.add("line", {
        x1: ends[0], y1: ends[1], x2: ends[2], y2: ends[3], stroke: colour, "stroke-width": width, "stroke-opacity": opacity * seen,
        ...(kind === "dashed" && { "stroke-dasharray": `${3 * width} ${2 * width}` }),
      }); // prettier-ignore
    }
  }

  /** Each line of a text where the browser has set it. @param {Text} node @param {CSSStyleDeclaration} style @param {number} seen */
  text(node, style, seen) {
    if (!node.data.trim()) return;
    const range = document.createRange();
    /** @type {{text: string, box: DOMRect, right: number}[]} */
    const lines = [];
    for (const { index, 0: word } of node.data.matchAll(/\S+\s?|\s+/g)) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const box = [...range.getClientRects()].find(({ width }) => width > 0);
      if (!box) continue;
      const line = lines.at(-1);
      if (line && Math.abs(line.box.y - box.y) < box.height / 2 && box.x >= line.box.x) {
        line.text += word;
        line.right = box.right;
      } else lines.push({ text: word, box, right: box.right });
    }
    ink.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = ink.measureText("x");
    const { colour, opacity } = plain(style.color);
    for (const { text, box, right } of lines) {
      const shown = text.replace(/\s+/g, " ").trim();
      const first = box.x - this.frame.x;
      const baseline = box.y - this.frame.y + (box.height - up - down) / 2 + up;
      const element = this.add("text", {
        x: first, y: baseline, fill: colour, "fill-opacity": opacity * seen, "font-family": style.fontFamily,
        "font-size": parseFloat(style.fontSize), "font-weight": style.fontWeight, "font-style": style.fontStyle,
        ...(shown.length > 1 && { textLength: right - box.x, lengthAdjust: "spacingAndGlyphs" }),
      }); // prettier-ignore
      element.textContent = style.textTransform === "uppercase" ? shown.toUpperCase() : shown;
      this.face(style);
    }
  }

  /** @param {CSSStyleDeclaration} style */
  face(style) {
    const family = style.fontFamily.split(",")[0].replaceAll(/["']/g, "").trim();
    this.faces.add(`${family}|${Number(style.fontWeight) >= 550 ? "bold" : "plain"}|${style.fontStyle}`);
  }

  /** A drawing with its style inside. @param {SVGSVGElement} drawing @param {DOMRect} box @param {number} seen */
  drawing(drawing, box, seen) {
    const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
    const before = [drawing, ...drawing.querySelectorAll("*")];
    const after = [copy, ...copy.querySelectorAll("*")];
    for (const [at, element] of before.entries()) {
      const style = getComputedStyle(element);
      const twin = after[at];
      if (style.display === "none" || /^(script|foreignObject|style|title|a)$/i.test(element.localName)) {
        if (element.localName !== "a") twin.remove();
        continue;
      }
      for (const { name } of [...twin.attributes]) if (name === "style" || name === "class" || name.startsWith("on") || name.startsWith("data-")) twin.removeAttribute(name);
      for (const name of DRAWN) {
        const value = style.getPropertyValue(name);
        if (!COLOURS.includes(name) || value === "none" || value.startsWith("url(")) twin.setAttribute(name, value);
        else {
          const { colour, opacity } = plain(value);
          twin.setAttribute(name, colour);
          if (opacity < 1) twin.setAttribute(`${name}-opacity`, String(opacity * Number(style.getPropertyValue(`${name}-opacity`))));
        }
      }
      if (element.localName === "text") this.face(style);
    }
    const view = drawing.getAttribute("viewBox") ?? `0 0 ${round(box.width)} ${round(box.height)}`;
    this.set(copy, { x: box.x - this.frame.x, y: box.y - this.frame.y, width: box.width, height: box.height, viewBox: view, opacity: seen });
    this.svg.append(copy);
  }
}

/** The faces of the page's own fonts that are in use, as rules with the font inside. @param {Set<string>} faces */
async function fontRules(faces) {
  const rules = [];
  for (const sheet of document.styleSheets) {
    try {
      rules.push(...sheet.cssRules);
    } catch {
      // a sheet that scripts may not read, as all are where the page was opened from disk: its fonts stay names
    }
  }
  const found = rules.filter((rule) => rule instanceof CSSFontFaceRule).filter(({ style }) => {
    const family = style.getPropertyValue("font-family").replaceAll(/["']/g, "");
    const [low, high = low] = style.getPropertyValue("font-weight").split(" ").map((word) => Number(word) || 400);
    const kind = style.getPropertyValue("font-style") || "normal";
    return [...faces].some((face) => {
      const [name, weight, slant] = face.split("|");
      const bold = weight === "bold";
      return name === family && slant === kind && (bold ? high >= 550 : low < 550);
    });
  });
  const texts = found.map(async ({ style, parentStyleSheet }) => {
    const address = /url\(["']?([^"')]+)/.exec(style.getPropertyValue("src"))?.[1] ?? "";
    try {
      const bytes = await (await fetch(new URL(address, parentStyleSheet?.href ?? location.href))).blob();
      const data = await new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result);
        reader.readAsDataURL(new Blob([bytes], { type: "font/woff2" }));
      });
      const said = ["font-family", "font-weight", "font-style"].map((name) => `${name}:${style.getPropertyValue(name) || "normal"}`);
      return `@font-face{${said.join(";")};src:url(${data}) format("woff2")}`;
    } catch {
      return ""; // the font's name stands, with what may take its place
    }
  });
  return (await Promise.all(texts)).join("");
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
  const painter = new Painter(figure.getBoundingClientRect());
  try {
    painter.element(figure);
  } finally {
    figure.classList.remove("is-pictured");
    line.remove();
  }
  const style = document.createElementNS(SVG, "style");
  style.textContent = await fontRules(painter.faces);
  painter.svg.prepend(style);
  const title = document.createElementNS(SVG, "title");
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
