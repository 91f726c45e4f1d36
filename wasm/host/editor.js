/** CodeMirror as the book uses it: one editor, whose text is that of the file being looked at. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { jinja2 } from "@codemirror/legacy-modes/mode/jinja2";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const THEME = EditorView.theme({
  "&": { background: "var(--cw-well)", color: "var(--cw-ink)", fontSize: "var(--cw-t-code)", maxHeight: "28rem" },
  "&.cm-focused": { outline: "2px solid var(--cw-accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--cw-mono)", lineHeight: "var(--cw-lh-code)", overflow: "auto" },
  ".cm-content": { caretColor: "var(--cw-ink)" },
  ".cm-cursor": { borderLeftColor: "var(--cw-ink)" },
  ".cm-gutters": { background: "var(--cw-well)", color: "var(--cw-ink-3)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "color-mix(in srgb, var(--cw-accent) 7%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--cw-accent) 25%, transparent)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { background: "none", outline: "1px solid var(--cw-rule-strong)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--cw-alarm)" },
  ".cm-line.is-wrong": { background: "color-mix(in srgb, var(--cw-alarm) 12%, transparent)" },
  ".cm-panels, .cm-tooltip": { background: "var(--cw-sheet)", color: "var(--cw-ink)", borderColor: "var(--cw-rule)" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.bool, tags.null], color: "var(--cw-k-key)" },
  { tag: [tags.string, tags.special(tags.string), tags.attributeValue], color: "var(--cw-k-str)" },
  { tag: [tags.number], color: "var(--cw-k-num)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.className, tags.tagName], color: "var(--cw-k-fun)" },
  { tag: [tags.comment], color: "var(--cw-k-com)" },
]);

/**
 * An editor in a place of its own: its styles are in a shadow root, which no page swapped in takes away.
 * @param {HTMLElement} place @param {{run: () => void, changed: (text: string) => void}} told
 */
export function editorIn(place, { run, changed }) {
  const root = place.attachShadow({ mode: "open" });
  const common = [
    lineNumbers(),
    history(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of("    "),
    bracketMatching(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    search({ top: true }),
    syntaxHighlighting(COLOURS),
    THEME,
    keymap.of([
      { key: "Mod-Enter", run: () => (run(), true) },
      ...defaultKeymap.filter(({ key }) => key !== "Mod-Enter"),
      ...historyKeymap,
      ...searchKeymap,
      indentWithTab,
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) changed(update.state.doc.toString());
    }),
  ];
  const view = new EditorView({ parent: /** @type {any} */ (root), root });
  return {
    /** Shows a file. @param {string} path @param {string} text */
    show(path, text) {
      const language = path.endsWith(".py") ? python() : StreamLanguage.define(jinja2);
      const label = EditorView.contentAttributes.of({ tabindex: "0", "aria-label": `${path}. Escape, then Tab, leaves the editor.` });
      view.setState(EditorState.create({ doc: text, extensions: [...common, language, label] }));
    },
    /** Marks a line, from 1, as the one with an error, and goes there. @param {number} line @param {string} message */
    mark(line, message) {
      const { from, to } = view.state.doc.line(Math.min(line, view.state.doc.lines));
      view.dispatch(setDiagnostics(view.state, [{ from, to, severity: "error", message }]));
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    },
    unmark: () => view.dispatch(setDiagnostics(view.state, [])),
    focus: () => view.focus(),
  };
}
