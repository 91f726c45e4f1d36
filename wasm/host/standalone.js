/** A figure's program as one file that runs without a browser. */
/** @typedef {import("./messages").Files} Files */

/** A text as Python writes it, readable where it can be. @param {string} text */
const quoted = (text) => (/'''|\\$|\r|\0/.test(text) || text.endsWith("'") ? JSON.stringify(text) : `r'''${text}'''`);

/**
 * @param {object} program
 * @param {string} program.demo @param {string} program.title @param {string} program.name the file's
 * @param {string} program.link the address of the figure
 * @param {{start: string, files: Files}} program.core what every such file has
 * @param {Files} program.files the figure's own
 * @param {() => Record<string, [string, string]>} program.addresses where the book has its data, and each file's sha256
 */
export function standalone({ demo, title, name, link, core, files, addresses }) {
  const rest = Object.entries(core.files).filter(([path]) => !(path in files));
  const all = [...Object.entries(files), ...rest].filter(([path]) => path.endsWith(".py"));
  const own = Object.values(files).join("\n");
  const sessions = own.includes("sessions");
  const needs = ["numpy", "markupsafe", "onnxruntime"].filter(
    (one) => own.includes(one) || (one === "onnxruntime" && sessions) || (one === "markupsafe" && /core\.(charts|drawings)/.test(own)),
  );
  const texts = all.map(([path, text]) => `${JSON.stringify(path)}: ${quoted(text)},\n`).join("\n");
  const plain = (/** @type {string} */ words) => words.replaceAll("\\", "").replaceAll('"', "'");
  return core.start
    .replace("dependencies = []", `dependencies = ${JSON.stringify(needs)}`)
    .replace("TITLE", () => plain(title))
    .replaceAll("NAME", () => name)
    .replace("DEPENDENCIES", needs.join(", ") || "nothing")
    .replace("LINK", () => plain(link))
    .replace('DEMO = ""', `DEMO = ${JSON.stringify(demo)}`)
    .replace("tuple[str, str]] = {}", () => `tuple[str, str]] = ${JSON.stringify(sessions ? addresses() : {}, null, 4)}`)
    .replace("FILES: dict[str, str] = {}", () => `FILES: dict[str, str] = {\n${texts}}`);
}
