/** `<cutaway-table>`: lets a reader sort a table of facts, and search it if it is long. Its HTML is whole without this. */

/** @typedef {HTMLTableSectionElement} Body a row with its source */

const words = new Intl.Collator(document.documentElement.lang || "en", { numeric: true });
const NEXT = /** @type {Record<string, string>} */ ({ none: "ascending", ascending: "descending", descending: "none" });

/** Text as it is searched: without case and accents, 1,000 as 1000. @param {string} text */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/(?<=\d),(?=\d{3})/g, "").toLowerCase();

/** What a cell is sorted by: its number if the build gave it one, null if it says nothing, or its words. @param {HTMLElement} cell */
function valueOf({ dataset: { sort }, textContent }) {
  return sort === undefined ? (textContent ?? "") : sort === "" ? null : Number(sort);
}

export class CutawayTable extends HTMLElement {
  /** @type {Body[]} in the book's order */
  #bodies = [];
  /** @type {HTMLTableCellElement[]} */
  #heads = [];

  connectedCallback() {
    const table = this.querySelector("table");
    if (!table?.tHead || this.#heads.length) return;
    this.#bodies = [...table.tBodies];
    this.#heads = [...table.tHead.rows[0].cells];
    this.#heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => this.#sort(table, column));
      head.append(button);
    });
    if (this.hasAttribute("data-many")) this.prepend(this.#tools());
  }

  /** Ascending, then descending, then the book's order. @param {HTMLTableElement} table @param {number} column */
  #sort(table, column) {
    const next = NEXT[this.#heads[column].getAttribute("aria-sort") ?? "none"];
    for (const head of this.#heads) head.removeAttribute("aria-sort");
    if (next !== "none") this.#heads[column].setAttribute("aria-sort", next);
    const sorted = this.#bodies.map((body) => ({ body, value: valueOf(body.rows[0].cells[column]) }));
    if (next !== "none") {
      sorted.sort(({ value: one }, { value: other }) => {
        if (one === null || other === null) return Number(one === null) - Number(other === null); // last either way
        const order = typeof one === "number" && typeof other === "number" ? one - other : words.compare(`${one}`, `${other}`);
        return next === "ascending" ? order : -order;
      });
    }
    table.append(...sorted.map(({ body }) => body));
  }

  /** The search field and a choice for each column that has one. */
  #tools() {
    const bodies = this.#bodies.map((body) => ({
      body,
      cells: [...body.rows[0].cells].map((cell) => cell.textContent ?? ""),
      text: plain([...body.rows].flatMap((row) => [...row.cells].map((cell) => cell.textContent)).join("\n")),
    }));
    const tools = document.createElement("div");
    tools.className = "cw-find";
    tools.setAttribute("role", "search");
    tools.setAttribute("aria-label", `Rows of: ${this.querySelector("[role=region]")?.getAttribute("aria-label")}`);
    const search = document.createElement("input");
    search.type = "search";
    const choices = this.#heads.flatMap((head, column) => {
      if (!head.hasAttribute("data-filter")) return [];
      const select = document.createElement("select");
      const values = new Set(bodies.map(({ cells }) => cells[column]));
      select.append(new Option("all", ""), ...[...values].map((value) => new Option(value, value)));
      return [{ column, select, label: head.textContent ?? "" }];
    });
    for (const [name, field] of [["Search", search], ...choices.map(({ label, select }) => [label, select])]) {
      const label = document.createElement("label");
      label.append(name, field);
      tools.append(label);
    }
    const clear = document.createElement("button");
    Object.assign(clear, { type: "button", className: "cw-btn", textContent: "Clear", hidden: true });
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    tools.append(clear, said);

    const narrow = () => {
      const wanted = plain(search.value).split(/\s+/);
      const chosen = choices.filter(({ select }) => select.value);
      let shown = 0;
      for (const { body, cells, text } of bodies) {
        body.hidden = !wanted.every((word) => text.includes(word)) || !chosen.every(({ column, select }) => cells[column] === select.value);
        if (!body.hidden) shown += 1;
      }
      clear.hidden = !search.value && !chosen.length;
      const rows = `${bodies.length} rows`;
      said.textContent = clear.hidden ? rows : shown ? `${shown} of ${rows}` : `None of ${rows} fits. Clear to see them all.`;
    };
    tools.addEventListener("input", narrow);
    clear.addEventListener("click", () => {
      search.value = "";
      for (const { select } of choices) select.value = "";
      narrow();
      search.focus();
    });
    narrow();
    return tools;
  }
}
