/** Look inside: a figure's own program below it, to read, to change and to run. Loaded when first asked for. */
import DOMPurify from "dompurify";
import { copied, sayOn } from "./copy.js";
import { editorIn } from "./editor.js";
import { packed, unpacked } from "./edits.js";
import { standalone } from "./standalone.js";

/** @typedef {import("./messages").Files} Files */
/** @typedef {import("./messages").Answer} Answer */

const ROOM = "demos_py/";

const PANEL = `
<section class="cw-inside">
<div class="cw-plane" aria-hidden="true"><span>A</span><i></i><span>A</span></div>
<div class="cw-inside__bar"><span><b>Section A–A</b> <span data-lines></span></span><div class="cw-row">
<button class="cw-btn" type="button" data-do="run">Run <kbd>Ctrl-Enter</kbd></button>
<button class="cw-btn" type="button" data-do="undo">Undo my edits</button>
<button class="cw-btn" type="button" data-do="link"><span>Copy link</span></button>
<button class="cw-btn" type="button" data-do="download">Download</button>
</div></div>
<div class="cw-files" role="group" aria-label="Files of this program"></div>
<div class="cw-editor"></div>
<div class="cw-inside__out"><p role="status" data-said></p><pre class="cw-printed" tabindex="0" aria-label="Printed" hidden></pre></div>
</section>`;

/**
 * What the panel asks of its figure.
 * @typedef {object} Host
 * @property {HTMLElement} figure
 * @property {(name: string) => Promise<string>} text a text of the book's, by its name in the manifest
 * @property {(files: Files, tell: (said: string) => void) => Promise<Answer>} run runs a program in the figure's place
 * @property {() => void} back runs the book's again
 * @property {() => Record<string, [string, string]>} addresses of the book's data: address and sha256 by name
 * @property {() => URL} link the address of the figure as it stands
 */

const CONTROL = /^(INPUT|SELECT|TEXTAREA|BUTTON|OPTION)$/;
// What scripts of the page look up by name may not be hidden behind an element: a control's name is looked up in its
// form, whose `elements` are needed; any other name, and a picture's id, in the document.
DOMPurify.addHook("uponSanitizeAttribute", (element, attribute) => {
  const { attrName, attrValue } = attribute;
  if (attrName === "name" && (!CONTROL.test(element.nodeName) || attrValue === "elements")) attribute.keepAttr = false;
  if (attrName === "id" && /^(IMG|OBJECT|EMBED)$/.test(element.nodeName)) attribute.keepAttr = false;
});

/** HTML that a program which may be anyone's has made, without what could act on the page. @param {string} html */
const purified = (html) =>
  DOMPurify.sanitize(html, { SANITIZE_DOM: false, FORBID_TAGS: ["style", "form"], FORBID_ATTR: ["action", "formaction", "ping"] });

/** @param {Host} host */
async function panelFor(host) {
  const { figure } = host;
  const { demo = "", uid = demo } = figure.dataset;
  /** @type {Files} */
  const book = JSON.parse(await host.text(`inside/${demo.replace("/", "-")}.json`));
  /** the files that the reader changed @type {Files} */
  let edits = {};
  let [shown] = Object.keys(book);

  const template = document.createElement("template");
  template.innerHTML = PANEL.trim();
  const panel = /** @type {HTMLElement} */ (template.content.firstElementChild);
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (panel.querySelector(selector));
  panel.hidden = true;
  figure.querySelector(".cw-foot")?.after(panel); // an editor needs a window around it
  const title = figure.querySelector(".cw-title")?.textContent ?? demo;
  panel.setAttribute("aria-label", `Look inside ${title}`);
  const said = find("[data-said]");
  const printed = find(".cw-printed");
  const say = (/** @type {string} */ words) => {
    said.classList.remove("is-wrong");
    said.textContent = words;
  };

  const tabs = Object.keys(book).map((path) => {
    const tab = Object.assign(document.createElement("button"), { type: "button", className: "cw-btn" });
    tab.dataset.path = path;
    find(".cw-files").append(tab);
    return tab;
  });
  const label = () => {
    for (const tab of tabs) {
      const { path = "" } = tab.dataset;
      tab.textContent = `${path.slice(ROOM.length)}${path in edits ? ", edited" : ""}`;
      tab.setAttribute("aria-pressed", String(path === shown));
    }
    const lines = (edits[shown] ?? book[shown]).trimEnd().split("\n").length;
    find("[data-lines]").textContent = `${shown.slice(ROOM.length)}, ${lines} lines`;
    /** @type {HTMLButtonElement} */ (find("[data-do=undo]")).disabled = !Object.keys(edits).length;
  };
  const keep = () => {
    try {
      if (Object.keys(edits).length) sessionStorage.setItem(`cutaway-edit ${uid}`, JSON.stringify(edits));
      else sessionStorage.removeItem(`cutaway-edit ${uid}`);
    } catch {
      // a frame without an origin keeps nothing: the edit lives as long as the page
    }
  };
  const program = () => ({ ...book, ...edits });
  const show = (/** @type {string} */ path) => {
    shown = path;
    editor.show(path.slice(ROOM.length), edits[path] ?? book[path]);
    label();
  };

  let running = false;
  async function run() {
    if (running) return;
    running = true;
    editor.unmark();
    printed.hidden = true;
    try {
      tell(await host.run(program(), say));
    } finally {
      running = false;
    }
  }

  /** Says what came of the program, now or when a control was moved. @param {Answer} answer */
  function tell({ error, at, ms = 0, printed: text = "" }) {
    printed.hidden = !text;
    printed.textContent = text;
    if (!error) return say(`Ran in ${ms < 1 ? ms.toFixed(1) : Math.round(ms)} ms.`);
    say(at ? `${error}, in ${at.file.slice(ROOM.length)}, line ${at.line}` : error);
    said.classList.add("is-wrong");
    if (!at || panel.hidden) return;
    if (shown !== at.file) show(at.file);
    editor.mark(at.line, error);
  }

  const editor = editorIn(find(".cw-editor"), {
    run,
    changed(text) {
      if (text === book[shown]) delete edits[shown];
      else edits[shown] = text;
      label();
      keep();
    },
  });

  /** @type {Record<string, (button: HTMLElement) => void>} */
  const acts = {
    run,
    undo() {
      edits = {};
      keep();
      show(shown);
      host.back();
      printed.hidden = true;
      say("The book’s own program runs again.");
    },
    async link(button) {
      const link = host.link();
      link.hash = Object.keys(edits).length ? `edit=${await packed(edits)}` : link.hash;
      const done = await copied(link.href);
      sayOn(/** @type {Element} */ (button.firstElementChild), done ? "Copied" : "Not allowed here");
    },
    async download() {
      const name = `cutaway-${uid.replaceAll("/", "-")}.py`;
      try {
        const core = JSON.parse(await host.text("inside/core.json"));
        const link = document.createElement("a");
        const code = standalone({ demo, title, name, link: host.link().href, core, files: program(), addresses: host.addresses });
        link.href = URL.createObjectURL(new Blob([code], { type: "text/x-python;charset=utf-8" }));
        link.download = name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
        say(`Saved as ${name}. It runs by: python ${name}`);
      } catch (error) {
        say(`That did not work: ${/** @type {Error} */ (error).message}.`);
      }
    },
  };
  panel.addEventListener("click", ({ target }) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest("button"));
    if (button?.dataset.path) show(button.dataset.path);
    else if (button?.dataset.do) acts[button.dataset.do](button);
  });

  const given = await editOf(location.hash);
  const before = stored(uid);
  const known = (/** @type {Files} */ files) => Object.fromEntries(Object.entries(files).filter(([path, text]) => path in book && text !== book[path]));
  edits = known(given ?? before ?? {});
  if (Object.keys(edits).length) {
    shown = Object.keys(edits)[0];
    say(given ? "This link brings someone’s edit of the program. Read it, then run it." : "Your edit of before. Run it when you like.");
  } else say(given === undefined ? "As the book has it. Change something, then run it." : "This link’s edit could not be read; this is the book’s own program.");
  show(shown);
  return { panel, tell, focus: () => find(".cw-files button").focus() };
}

/** @param {string} hash @returns {Promise<Files | null | undefined>} null where it has an edit that cannot be read, undefined where it has none */
async function editOf(hash) {
  const found = /^#edit=(.*)$/.exec(hash);
  return found ? unpacked(found[1]) : undefined;
}

/** @param {string} uid @returns {Files | null} */
function stored(uid) {
  try {
    return JSON.parse(sessionStorage.getItem(`cutaway-edit ${uid}`) ?? "null");
  } catch {
    return null;
  }
}

/** @type {any} */ (window).cutawayInside = { panelFor, purified };
