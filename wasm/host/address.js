/** What the page's address asks of a figure: parameters, and on a page of a figure alone some switches. */

/** Whether this page is one figure, to be shown in a frame of another site. */
export const EMBEDDED = "cutawayEmbed" in document.documentElement.dataset;
const SWITCHES = ["controls", "lock", "theme", "numbers"];
/** @type {Record<string, string>} */
const THEMES = { light: "default", dark: "slate", auto: "auto" };

/**
 * The query that the address has for a figure; null where it names none, or another.
 * @param {string} uid
 */
export function queryFor(uid) {
  const query = new URLSearchParams(location.search);
  if (!EMBEDDED && query.get("figure") !== uid) return null;
  for (const name of EMBEDDED ? ["figure", ...SWITCHES] : ["figure"]) query.delete(name);
  return String(query);
}

/**
 * The switches of this page's address, and a sentence for each that means nothing.
 * @typedef {{hide: boolean, lock: string[], scheme: string, numbers: string, problems: string[]}} Switches
 * @param {string} search @param {boolean} embedded
 * @returns {Switches}
 */
export function readSwitches(search, embedded) {
  /** @type {string[]} */
  const problems = [];
  const query = new URLSearchParams(embedded ? search : "");
  const hide = query.get("controls") ?? "show";
  if (!["show", "hide"].includes(hide)) problems.push(`“controls” is “show” or “hide”, not “${short(hide)}”.`);
  const theme = query.get("theme") ?? "auto";
  const known = Object.hasOwn(THEMES, theme);
  if (!known) problems.push(`“theme” is “light”, “dark” or “auto”, not “${short(theme)}”.`);
  let numbers = query.get("numbers") ?? "";
  try {
    numbers = numbers && (Intl.NumberFormat.supportedLocalesOf(numbers)[0] ?? "?");
  } catch {
    numbers = "?";
  }
  if (numbers === "?") {
    problems.push(`“numbers” is a language such as “de” or “en-IN”, not “${short(query.get("numbers") ?? "")}”.`);
    numbers = "";
  }
  const lock = query.getAll("lock").flatMap((names) => names.split(",")).map((name) => name.trim());
  return {
    hide: hide === "hide",
    lock: [...new Set(lock.filter(Boolean).map(short))].slice(0, 50),
    scheme: known ? THEMES[theme] : "auto",
    numbers,
    problems,
  };
}

/** @param {string} text what someone wrote into an address */
const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

export const SWITCHED = readSwitches(location.search, EMBEDDED);
