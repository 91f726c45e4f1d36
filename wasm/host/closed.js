/**
 * A worker for a program that may be anyone's. It runs in a frame without an origin (closed.html), under a policy that
 * lets nothing be fetched: so it reaches neither what this browser keeps, nor the page, nor any server. The page
 * hands it its files.
 */
import { home, text } from "./places.js";

/** @typedef {import("./messages").Answer} Answer */
/** @typedef {import("./messages").FromWorker} FromWorker */

const PARTS = ["controls", "drawing", "notices", "reading", "table"];
const words = (/** @type {any} */ value) => (typeof value === "string" ? value : "");
const number = (/** @type {any} */ value) => (Number.isFinite(value) ? value : 0);
const fields = (/** @type {any} */ value, /** @type {string} */ kind) =>
  Object.entries(Object(value)).filter(([name, field]) => /^[\w-]+$/.test(name) && typeof field === kind);

/** A message of the worker's that a page can take, whatever the program made of it; null for any other. @param {any} said @returns {FromWorker | null} */
function taken(said) {
  const { type, id, step, steps, doing, read, total, restoring, what, name, now, why, answer } = Object(said);
  const progress = { read: number(read), total: number(total) };
  if (type === "answer") return { type, id: number(id), answer: answered(Object(answer)) };
  if (type === "progress") {
    return { type, ...progress, step: number(step), steps: number(steps), doing: words(doing), restoring: restoring === true };
  }
  if (type === "loading") return { type, ...progress, what: words(what) };
  if (type === "want") return { type, name: words(name) };
  if (type === "computing") return { type, now: now === true };
  if (type === "failed") return { type, why: words(why) };
  return type === "ready" ? { type } : null;
}

/** @param {any} answer @returns {Answer} */
function answered({ parts, charts, link, run, ms, ran, error, printed, at }) {
  if (error !== undefined) {
    const { file, line } = Object(at);
    const place = typeof file === "string" && Number.isInteger(line) ? { at: { file, line } } : {};
    return { error: words(error), printed: words(printed), ...place };
  }
  const { model, parameters, provider, ms: modelMs } = Object(ran);
  const { at: step, wanted, known, done, marks } = Object(run);
  return {
    ...(parts && { parts: Object.fromEntries(fields(parts, "string").filter(([name]) => PARTS.includes(name))) }),
    charts: Object.fromEntries(fields(charts, "object")),
    link: words(link),
    ms: number(ms),
    printed: words(printed),
    ...(ran && { ran: { model: words(model), parameters: number(parameters), provider: words(provider), ms: number(modelMs) } }),
    ...(run && {
      run: {
        at: number(step),
        wanted: number(wanted),
        known: number(known),
        done: done === true,
        marks: (Array.isArray(marks) ? marks : []).map((mark) => /** @type {[number, string]} */ ([number(mark?.[0]), words(mark?.[1])])),
      },
    }),
  };
}

export class ClosedWorker {
  #frame = document.createElement("iframe");
  #port;
  /** @type {((event: {data: FromWorker}) => void) | null} */
  onmessage = null;
  /** @type {((event: ErrorEvent) => void) | null} */
  onerror = null;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => {
      const message = taken(data);
      if (message) this.onmessage?.({ data: message });
    };
    const frame = this.#frame;
    frame.hidden = true;
    frame.title = "A Python that reaches nothing";
    frame.src = `${home()}closed.html`;
    frame.onload = () => text("worker.js").then((code) => frame.contentWindow?.postMessage(code, "*", [port2]), (error) => this.#lose(error));
    document.body.append(frame);
  }

  /** @param {Error} error */
  #lose({ message }) {
    this.onerror?.(new ErrorEvent("error", { message }));
  }

  /** @param {any} message @param {Transferable[]} given */
  postMessage(message, given = []) {
    this.#port.postMessage(message, given);
  }

  terminate() {
    this.onmessage = null;
    this.#port.postMessage("end");
    setTimeout(() => this.#frame.remove(), 1000); // at once, it would wait for a worker that is busy
  }
}
