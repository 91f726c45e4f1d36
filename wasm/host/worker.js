/**
 * The one worker of a visit: starts Python, then answers requests, one after the other.
 * It gets nothing but what the manifest names, and checks every byte of it.
 */
import { Assets } from "./assets.js";
import { NUMPY, startPython } from "./start.js";

/** @typedef {import("./messages").ToWorker} ToWorker */
/** @typedef {import("./messages").FromWorker} FromWorker */

const STEPS = ["fetching Python", "starting Python", "loading the figures"];

/** @param {FromWorker} message */
const send = (message) => postMessage(message);
/** @param {any} error */
const fail = (error) => send({ type: "failed", why: inOneLine(error) });

/** what tells whether Python's code runs now, where that may be anyone's and not end @type {(now: boolean) => void} */
let computing = () => {};

/** @type {Awaited<ReturnType<typeof startPython>>} */
let python;
/** @type {Assets} */
let assets;
/** requests are answered one after the other, even where one waits for a model */
let answered = Promise.resolve();

onmessage = ({ data }) => {
  const message = /** @type {ToWorker} */ (data);
  if (message.type === "start") start(message).catch(fail);
  else if (message.type === "numpy") assets.fetchAhead(NUMPY);
  else if (message.type === "file") assets.hand(message.name, message.found);
  else {
    const { id, request } = message;
    const ready = request.type === "open" && request.numpy ? python.numpy() : Promise.resolve();
    ready.then(() => (answered = answered.then(() => answer(id, request)).catch(fail)), fail);
  }
};

/** @param {Extract<ToWorker, {type: "start"}>} message */
async function start({ manifest, base, again, handed, ...wish }) {
  if (wish.closed) computing = (now) => send({ type: "computing", now });
  assets = new Assets(manifest, base, again, handed ? (name) => send({ type: "want", name }) : null);
  python = await startPython(assets, {
    ...wish,
    tell: (doing, read, total, restoring) =>
      send({ type: "progress", step: doing + 1, steps: STEPS.length, doing: STEPS[doing], read, total, restoring }),
    loading: (what, read, total) => send({ type: "loading", what, read, total }),
    computing,
  });
  send({ type: "ready" });
}

/** @param {number} id @param {import("./messages").Request} request */
async function answer(id, request) {
  computing(true);
  const found = python.answer(JSON.stringify(request));
  const text = typeof found === "string" ? found : await found;
  if (found !== text) found.destroy();
  send({ type: "answer", id, answer: JSON.parse(text) });
}

/** An error's message; of Python's traceback the line that names it. @param {any} error */
function inOneLine(error) {
  const lines = String(error?.message ?? error).trim().split("\n");
  return lines.find((line) => /^\w*(Error|Exception)\b/.test(line)) ?? lines[0];
}
