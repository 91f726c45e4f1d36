/** The page's only script of ours: figures, links that set them, words that light a part of them. */
import { recolourCharts } from "./charts.js";
import { dressEmbedded } from "./embedded.js";
import { watchEditions } from "./edition.js";
import { CutawayFigure } from "./figure.js";
import { watchGlossary } from "./glossary.js";
import { CutawayKeep } from "./keep.js";
import { python } from "./python.js";
import { CutawayTable } from "./tables.js";
import { CutawayContents, CutawayPlace, CutawayResume } from "./reading.js";

// This script may run before the page is read to its end. An address that names a figure wants Python at once;
// the figures come to life when they are whole.
if (new URLSearchParams(location.search).has("figure")) python.start(false).catch(() => {});
const define = () => {
  dressEmbedded();
  customElements.define("cutaway-figure", CutawayFigure);
  customElements.define("cutaway-keep", CutawayKeep);
  customElements.define("cutaway-table", CutawayTable);
  customElements.define("cutaway-place", CutawayPlace);
  customElements.define("cutaway-contents", CutawayContents);
  customElements.define("cutaway-resume", CutawayResume);
  new MutationObserver(recolourCharts).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
};
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", define);
else define();

watchEditions();
watchGlossary();

/** @returns {CutawayFigure[]} */
const figures = () => [...document.querySelectorAll("cutaway-figure")].map((element) => /** @type {CutawayFigure} */ (element));

// One retry is for all: they share one Python.
document.addEventListener("cutaway:retry", () => figures().forEach((figure) => figure.retry()));

// A “Set it” link sets its figure without loading the page anew. Captured before the theme's own navigation.
document.addEventListener(
  "click",
  (event) => {
    const link = /** @type {Element} */ (event.target).closest?.("a.cw-set-link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const query = new URL(/** @type {HTMLAnchorElement} */ (link).href).searchParams;
    const figure = figures().find((element) => element.uid === query.get("figure"));
    if (!figure) return;
    event.preventDefault();
    event.stopPropagation();
    query.delete("figure");
    figure.set(String(query));
    figure.scrollIntoView({ block: "nearest" });
  },
  true,
);

/** @param {Event} event @param {boolean} on */
function light(event, on) {
  const term = /** @type {Element} */ (event.target).closest?.(".cw-term[data-k]");
  if (!term) return;
  const key = CSS.escape(term.getAttribute("data-k") ?? "");
  for (const part of document.querySelectorAll(`.cw-fig [data-k="${key}"]`)) part.classList.toggle("is-lit", on);
}
for (const name of ["mouseover", "focusin"]) document.addEventListener(name, (event) => light(event, true));
for (const name of ["mouseout", "focusout"]) document.addEventListener(name, (event) => light(event, false));

