/**
 * The one worker of a visit: starts Python, then answers requests, one after the other.
 * It fetches nothing but what the manifest names, and checks every byte of it.
 */
import { loadPyodide } from "pyodide";
import { models } from "./models.js";

/** @typedef {import("./messages").ToWorker} ToWorker */
/** @typedef {import("./messages").FromWorker} FromWorker */
/** @typedef {import("./messages").Manifest} Manifest */
/** @typedef {import("./messages").Asset} Asset */

const STEPS = ["fetching Python", "starting Python", "loading the figures"];
const CODE = "pyodide.asm.mjs";
const FETCHED = [CODE, "pyodide.asm.wasm", "python_stdlib.zip"];

/** @param {FromWorker} message */
const send = (message) => postMessage(message);
const load = self.fetch.bind(self);

/** @type {(message: string) => any} */
let answer;
/** requests are answered one after the other, even where one waits for a model */
let answered = Promise.resolve();
/** files whose last download failed: the browser's cache may hold the bad one @type {Set<string>} */
const bad = new Set();

onmessage = ({ data }) => {
  const message = /** @type {ToWorker} */ (data);
  if (message.type === "start") {
    start(message).catch((error) => send({ type: "failed", why: inOneLine(error) }));
  } else {
    const { id, request } = message;
    answered = answered.then(async () => {
      const found = answer(JSON.stringify(request));
      const text = typeof found === "string" ? found : await found;
      if (found !== text) found.destroy();
      send({ type: "answer", id, answer: JSON.parse(text) });
    }).catch((error) => send({ type: "failed", why: inOneLine(error) }));
  }
};

/** @param {Extract<ToWorker, {type: "start"}>} message */
async function start({ manifest, base, attempt, provider }) {
  const wheels = Object.keys(manifest.files).filter((name) => name.endsWith(".whl"));
  const names = [...FETCHED, ...wheels];
  const total = names.reduce((sum, name) => sum + manifest.files[name].bytes, 0);
  let step = 0;
  let read = 0;
  let told = 0;
  const tell = (now = performance.now()) => {
    told = now;
    send({ type: "progress", step: step + 1, steps: STEPS.length, doing: STEPS[step], read, total });
  };
  /** @param {number} bytes */
  const count = (bytes) => {
    read += bytes;
    const now = performance.now();
    if (now - told > 100) tell(now);
  };
  tell();

  // All downloads start at once; Pyodide finds them under the names that it asks for.
  /** @type {Map<string, Promise<Response>>} */
  const responses = new Map();
  /** @type {Promise<Uint8Array>[]} */
  const checks = [];
  for (const name of names) {
    const asset = manifest.files[name];
    // after a failure the browser's cache may hold the bad file
    const cache = attempt > 0 ? "reload" : "default";
    const response = load(new URL(asset.path, base), { cache }).then((found) => {
      if (!found.ok) throw new Error(`${short(name)} could not be fetched: the server answered ${found.status}`);
      return found;
    }, () => {
      throw new Error(`${short(name)} could not be fetched: the network went away`);
    });
    checks.push(response.then((found) => check(name, asset, found.clone(), count)));
    responses.set(name, response);
  }
  self.fetch = async (input) => {
    const name = String(input instanceof Request ? input.url : input).split("/").pop() ?? "";
    const response = responses.get(name);
    if (!response) throw new Error(`${name} is not in this book's manifest`);
    return (await response).clone();
  };
  const checked = Promise.all(checks);
  checked.catch(() => {}); // awaited below, once Python has started too

  const boot = async () => {
    // imported once it has been fetched and checked as a file: the browser's cache then has it
    await checks[FETCHED.indexOf(CODE)];
    const address = new URL(manifest.files[CODE].path, base).href + (attempt > 0 ? `?attempt=${attempt}` : "");
    const { default: createPyodideModule } = await import(address);
    step = 1;
    tell();
    const pyodide = await loadPyodide({
      indexURL: base,
      packageBaseUrl: base,
      lockFileContents: /** @type {any} */ (manifest.lock),
      createPyodideModule,
      packages: Object.keys(/** @type {any} */ (manifest.lock).packages),
    });
    step = 2;
    tell();
    pyodide.registerJsModule("cutaway_host", models((name, tellBytes) => fetched(manifest, base, attempt, name, tellBytes), {
      address: (name) => new URL(manifest.files[name].path, base).href + (attempt > 0 ? `?attempt=${attempt}` : ""),
      wish: provider,
      tell: (what, read, total) => send({ type: "loading", what, read, total }),
      total: (name) => manifest.files[name]?.bytes ?? 0,
    }));
    answer = pyodide.pyimport("demos_py.core.bridge").answer;
  };
  // a bad download is the better explanation of whatever else went wrong
  const booted = boot().then(() => null, (error) => error);
  await checked;
  const error = await booted;
  if (error) throw error;
  send({ type: "ready" });
}

/**
 * Reads a whole response, counts its bytes, and throws where they are not those of the manifest.
 * @param {string} name @param {Asset} asset @param {Response} response @param {(bytes: number) => void} count
 */
async function check(name, asset, response, count) {
  const bytes = new Uint8Array(asset.bytes);
  let at = 0;
  try {
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (at + piece.value.length <= bytes.length) bytes.set(piece.value, at);
      at += piece.value.length;
      count(piece.value.length);
    }
  } catch {
    throw new Error(`${short(name)} stopped at ${megabytes(at)} of ${megabytes(asset.bytes)} MB: the network went away`);
  }
  const bad = `${short(name)} arrived damaged: ${at.toLocaleString("en")} bytes of ${asset.bytes.toLocaleString("en")}`;
  if (at !== asset.bytes) throw new Error(bad);
  if (!crypto.subtle) return bytes; // plain http on another machine's address: the length must do
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== asset.sha256) throw new Error(`${bad}, with another content than this book was built with`);
  return bytes;
}

/**
 * A file of the manifest that is fetched when a figure needs it, checked like all others.
 * @param {Manifest} manifest @param {string} base @param {number} attempt @param {string} name
 * @param {(bytes: number) => void} count
 * @returns {Promise<Uint8Array>}
 */
async function fetched(manifest, base, attempt, name, count) {
  const asset = manifest.files[name];
  if (!asset) throw new Error(`${name} is not in this book’s manifest`);
  const cache = attempt > 0 || bad.has(name) ? "reload" : "default";
  bad.add(name);
  const response = await load(new URL(asset.path, base), { cache }).catch(() => {
    throw new Error(`${name} could not be fetched: the network went away`);
  });
  if (!response.ok) throw new Error(`${name} could not be fetched: the server answered ${response.status}`);
  const bytes = await check(name, asset, response, count);
  bad.delete(name);
  return bytes;
}

/** An error's message; of Python's traceback the line that names it. @param {any} error */
function inOneLine(error) {
  const lines = String(error?.message ?? error).trim().split("\n");
  return lines.find((line) => /^\w*(Error|Exception)\b/.test(line)) ?? lines[0];
}

/** A file's name as a reader can take it in: of a wheel, the package's. @param {string} name */
const short = (name) => name.replace(/-.*\.whl$/, "");

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
