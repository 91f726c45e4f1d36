/** Plotly, loaded when the first figure with a chart is live. */
import { separators } from "./numbers.js";
import { loadScript } from "./places.js";

/** @typedef {import("./messages").PlotlyFigure} PlotlyFigure */

/** @type {WeakMap<Element, PlotlyFigure>} */
const drawn = new WeakMap();

/**
 * Whether Plotly owns this element's content; if so, only its name and size are brought up to date.
 * @param {Node} old @param {Node} fresh
 */
export function leaveToPlotly(old, fresh) {
  if (!(old instanceof Element && fresh instanceof Element && drawn.has(old))) return false;
  for (const name of ["aria-label", "style"]) old.setAttribute(name, fresh.getAttribute(name) ?? "");
  return true;
}

/**
 * Draws the figure in place of its static SVG, or updates it. Where Plotly cannot be had, the SVG stays.
 * @param {HTMLElement} place @param {PlotlyFigure} figure
 */
export async function drawChart(place, figure) {
  const Plotly = await loadScript("plotly-basic.min.js").then(() => /** @type {any} */ (window).Plotly, () => null);
  if (!Plotly) place.dispatchEvent(new CustomEvent("cutaway:failed", { bubbles: true }));
  if (!Plotly || !place.isConnected) return;
  if (!drawn.has(place)) place.replaceChildren();
  drawn.set(place, figure);
  const probe = document.body.appendChild(document.createElement("i"));
  const { data, layout } = inColour(figure, probe);
  probe.remove();
  await Plotly.react(place, data, { ...layout, autosize: true, ...(separators && { separators }) }, { displayModeBar: false, responsive: true });
}

/**
 * A copy with the book's colour variables replaced by the colours that now hold, as `probe` computes them.
 * @template T @param {T} value @param {HTMLElement} probe @returns {T}
 */
function inColour(value, probe) {
  if (typeof value === "string") {
    if (!/^var\(--[\w-]+\)$/.test(value)) return value;
    probe.style.color = value;
    return /** @type {T} */ (getComputedStyle(probe).color);
  }
  if (Array.isArray(value)) {
    return /** @type {T} */ (typeof value[0] === "number" ? value : value.map((item) => inColour(item, probe)));
  }
  if (value === null || typeof value !== "object") return value;
  return /** @type {T} */ (Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inColour(item, probe)])));
}

/** Draws every chart of the page again, in the colours of the scheme that now holds. */
export function recolourCharts() {
  for (const place of document.querySelectorAll("[data-chart]")) {
    const figure = drawn.get(place);
    if (figure) drawChart(/** @type {HTMLElement} */ (place), figure);
  }
}
