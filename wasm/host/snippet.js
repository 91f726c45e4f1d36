/** What another site puts into its page to show a figure: a panel that makes it, below the figure's acts. */
import { copied, sayOn } from "./copy.js";
import { home } from "./places.js";

const LOWEST = 120;
const LANGUAGES = ["", "de", "fr", "es", "pt", "pl", "en-IN", "de-CH"];

/** @param {string} text */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/**
 * The snippet of a figure.
 * @param {string} demo @param {string} title @param {number} height in pixels, until the frame says otherwise
 * @param {URLSearchParams} query
 */
export function snippet(demo, title, height, query) {
  const search = String(query);
  const address = `${home()}embed/${demo}/${search && `?${search}`}`;
  return (
    `<iframe src="${escaped(address)}" title="${escaped(title)} – Cutaway" width="100%" height="${height}" ` +
    'style="border:0" loading="lazy" sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads"></iframe>\n' +
    `<script async src="${escaped(home())}assets/cutaway/embed.js"></script>`
  );
}

const PANEL = `
<form class="cw-embedding" aria-label="Embed this figure">
<p>Paste this into a page of yours. The frame holds this figure alone and cannot touch your page.</p>
<div class="cw-row">
<label><input type="checkbox" name="controls" value="hide"> Hide the controls</label>
<label>Theme <select class="cw-sel" name="theme"><option value="">as the reader’s system</option><option>light</option><option>dark</option></select></label>
<label>Numbers <select class="cw-sel" name="numbers"></select></label>
</div>
<fieldset class="cw-set" data-lock><legend>Lock</legend><div class="cw-row"></div></fieldset>
<textarea class="cw-text" rows="4" readonly aria-label="The snippet" spellcheck="false"></textarea>
<button class="cw-btn" type="button" data-copy><span>Copy the snippet</span></button>
</form>`;

/**
 * Opens the panel, or closes it.
 * @param {HTMLElement} figure @param {HTMLElement} button @param {string} link the query of the figure as it stands
 */
export function toggleSnippet(figure, button, link) {
  const open = figure.querySelector(".cw-embedding");
  button.setAttribute("aria-expanded", String(!open));
  if (open) return open.remove();
  const template = document.createElement("template");
  template.innerHTML = PANEL.trim();
  const panel = /** @type {HTMLFormElement} */ (template.content.firstElementChild);
  const text = /** @type {HTMLTextAreaElement} */ (panel.querySelector("textarea"));
  const languages = /** @type {HTMLSelectElement} */ (panel.querySelector("[name=numbers]"));
  for (const language of LANGUAGES) {
    const example = language ? ` ${new Intl.NumberFormat(language).format(1234567.8)}` : "as in the book";
    languages.append(new Option(`${language}${example}`, language));
  }
  const locks = /** @type {Element} */ (panel.querySelector("[data-lock] div"));
  const controls = /** @type {HTMLFormElement} */ (figure.querySelector(".cw-ctl")).elements;
  const names = new Set([...controls].map((control) => /** @type {HTMLInputElement} */ (control).name).filter(Boolean));
  for (const name of names) {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "lock", value: name });
    label.append(box, ` ${figure.querySelector(`label[for$="-${CSS.escape(name)}"]`)?.firstChild?.textContent?.trim() ?? name}`);
    locks.append(label);
  }
  if (!names.size) panel.querySelector("[data-lock]")?.remove();

  const write = () => {
    const query = new URLSearchParams(link);
    const chosen = new FormData(panel);
    for (const name of ["controls", "theme", "numbers"]) if (chosen.get(name)) query.set(name, String(chosen.get(name)));
    const locked = chosen.getAll("lock");
    if (locked.length) query.set("lock", locked.join(","));
    const { demo = "" } = figure.dataset;
    const title = figure.querySelector(".cw-title")?.textContent ?? demo;
    // the panel itself is not in the frame; a line for the source is
    const height = Math.max(LOWEST, Math.round(figure.getBoundingClientRect().height - panel.getBoundingClientRect().height + 40));
    text.value = snippet(demo, title, height, query);
  };
  panel.addEventListener("submit", (event) => event.preventDefault());
  panel.addEventListener("input", write);
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    toggleSnippet(figure, button, link);
    button.focus();
  });
  const copy = /** @type {Element} */ (panel.querySelector("[data-copy]"));
  copy.addEventListener("click", async () => {
    const done = await copied(text.value);
    if (!done) text.select();
    sayOn(/** @type {Element} */ (copy.firstElementChild), done ? "Copied" : "Press Ctrl-C to copy what is marked");
  });
  figure.querySelector(".cw-foot")?.after(panel);
  write();
  text.focus();
}
