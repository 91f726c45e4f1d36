/** What a reader takes along of a figure: its picture, and its data. */
import { paint, rasterise } from "./paint.js";

const PANEL = `
<div class="cw-saving" role="group" aria-label="Save this figure"><div class="cw-row">
<button class="cw-btn" type="button" data-save="svg">Picture, SVG</button>
<button class="cw-btn" type="button" data-save="png">Picture, PNG</button>
<button class="cw-btn" type="button" data-save="csv">Data, CSV</button>
</div><p role="status"></p></div>`;

/**
 * A table as RFC 4180 has it, with a mark for spreadsheets that it is UTF-8. Numbers lose the marks of their thousands;
 * what a spreadsheet would take for a formula is made plain text.
 * @param {HTMLTableElement} table
 */
export function asCsv(table) {
  const cell = (/** @type {Element} */ element) => {
    const text = (element.textContent ?? "").trim();
    const bare = text.replace(/(?<=\d),(?=\d{3}\b)/g, "").replace(/^−/, "-");
    if (bare !== "" && Number.isFinite(Number(bare))) return bare;
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = [...table.rows].map((row) => [...row.cells].map(cell).join(","));
  return `\ufeff${rows.join("\r\n")}\r\n`;
}

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Opens the panel, or closes it.
 * @param {HTMLElement} figure @param {HTMLElement} button
 * @param {() => {link: string, table: string}} now the address of the figure as it stands, and its table's HTML
 */
export function toggleSaving(figure, button, now) {
  const open = figure.querySelector(".cw-saving");
  button.setAttribute("aria-expanded", String(!open));
  if (open) return open.remove();
  const template = document.createElement("template");
  template.innerHTML = PANEL.trim();
  const panel = /** @type {HTMLElement} */ (template.content.firstElementChild);
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    toggleSaving(figure, button, now);
    button.focus();
  });
  panel.addEventListener("click", async ({ target }) => {
    const { save } = /** @type {HTMLElement} */ (target).dataset;
    if (!save) return;
    const said = /** @type {Element} */ (panel.querySelector("p"));
    const name = `cutaway-${(figure.dataset.uid ?? "figure").replaceAll("/", "-")}.${save}`;
    try {
      said.textContent = `Saving ${name}`;
      download(await made(save, figure, now()), name);
      said.textContent = `Saved as ${name}, where your browser puts downloads.`;
    } catch (error) {
      said.textContent = `That did not work: ${/** @type {Error} */ (error).message}.`;
    }
  });
  figure.querySelector(".cw-foot")?.after(panel);
  panel.querySelector("button")?.focus();
}

/** @param {string} kind @param {HTMLElement} figure @param {{link: string, table: string}} now @returns {Promise<Blob>} */
async function made(kind, figure, { link, table }) {
  if (kind === "csv") {
    const template = document.createElement("template");
    template.innerHTML = table;
    const found = template.content.querySelector("table");
    if (!found) throw new Error("this figure has no table");
    return new Blob([asCsv(found)], { type: "text/csv;charset=utf-8" });
  }
  const svg = await paint(figure, `Cutaway, ${link}`);
  return kind === "svg" ? new Blob([svg.text], { type: "image/svg+xml" }) : rasterise(svg);
}
