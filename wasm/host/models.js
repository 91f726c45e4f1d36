/** Files and models for Python's sessions (demos_py/core/browser.py), by onnxruntime-web in this worker. */
import { BUILDS, engineFor, findAdapter } from "./adapter.js";

const WEIGHTS = "weights.bin";

/**
 * @param {import("./assets.js").Assets} assets
 * @param {string} wish the provider asked for, "webgpu" or "wasm"; empty: the best there is
 * @param {(what: string, read: number, total: number) => void} tell tells the page how far a download is
 * @param {(now: boolean) => void} computing told when Python begins to wait for this, and when it goes on
 */
export function models(assets, wish, tell, computing) {
  /** @type {Map<string, Promise<any>>} files and sessions on their way or here */
  const kept = new Map();

  /** Once for all who ask; a failure is forgotten, so that a retry asks again.
   * @param {string} key @param {() => Promise<any>} make */
  const once = (key, make) => {
    let made = kept.get(key);
    if (!made) {
      made = make();
      made.catch(() => kept.delete(key));
      kept.set(key, made);
    }
    return made;
  };

  /** Several files at once, with one count of their bytes. @param {string} what @param {string[]} names */
  const files = (what, names) => {
    const total = names.reduce((sum, name) => sum + assets.total(name), 0);
    let read = 0;
    let told = 0;
    const count = (/** @type {number} */ bytes) => {
      read += bytes;
      if (performance.now() - told < 100 && read < total) return;
      told = performance.now();
      tell(what, read, total);
    };
    return Promise.all(names.map((name) => once(name, () => assets.open(name, count).bytes)));
  };

  /** where models run: the adapter's name once WebGPU is in use, and what went wrong if it was */
  let adapter = "";
  let trouble = "";

  const runtime = () =>
    once("runtime", async () => {
      const found = await findAdapter(wish);
      const build = BUILDS[engineFor(found)];
      const [code, binary] = await files("onnxruntime-web", build);
      const ort = await assets.module(build[0], code);
      ort.env.wasm.numThreads = 1; // more would need headers that a static host does not send
      ort.env.wasm.wasmBinary = binary;
      if (found) adapter = [found.info?.vendor, found.info?.architecture].filter(Boolean).join(" ") || "unnamed adapter";
      return ort;
    });

  /** @param {string} graph `<model>/<graph>.onnx` */
  const session = (graph) =>
    once(`session ${graph}`, async () => {
      const [model] = graph.split("/");
      // a graph with weights of its own has them beside it, under its name; the others share their model's
      const own = graph.replace(/\.onnx$/, ".bin");
      const name = assets.total(own) ? own : `${model}/${WEIGHTS}`;
      const [ort, [bytes, weights]] = await Promise.all([runtime(), files(model, [graph, name])]);
      const externalData = [{ path: name.slice(model.length + 1), data: weights }];
      return ort.InferenceSession.create(bytes, { executionProviders: [adapter ? "webgpu" : "wasm"], externalData });
    });

  /** Gives WebGPU up for this visit: every session is made anew for the CPU. @param {any} error */
  const giveUp = (error) => {
    adapter = "";
    trouble = `WebGPU stopped (${String(error?.message ?? error).split("\n")[0].slice(0, 200)}). Models now run on the CPU.`;
    for (const key of kept.keys()) if (key.startsWith("session ")) kept.delete(key);
  };

  return {
    /** @param {string} name */
    async load(name) {
      computing(false);
      try {
        return (await files(name.split("/")[0], [name]))[0];
      } finally {
        computing(true);
      }
    },

    /**
     * @param {string} graph
     * @param {[string, "f32" | "i32", number[]][]} about name, kind and shape of each input
     * @param {any} arrays Python's list of the NumPy arrays themselves
     * @param {string[]} fetches
     */
    async run(graph, about, arrays, fetches) {
      /** @type {{data: any, dims: number[], kind: string, name: string}[]} */
      const inputs = about.map(([name, kind, dims], i) => {
        const array = arrays.get(i);
        const buffer = array.getBuffer(kind);
        const data = buffer.data.slice(); // the heap may move while we wait
        buffer.release();
        array.destroy();
        return { name, kind, dims, data };
      });
      computing(false);
      const once = async () => {
        const ort = await runtime();
        const running = await session(graph);
        /** @type {Record<string, any>} */
        const feeds = {};
        for (const { name, kind, dims, data } of inputs) {
          feeds[name] = new ort.Tensor(kind === "f32" ? "float32" : "int32", data, dims);
        }
        const began = performance.now();
        const found = await running.run(feeds, fetches);
        const ms = performance.now() - began;
        const tensors = fetches.map((name) => ({ data: found[name].data, dims: found[name].dims }));
        return { tensors, provider: adapter ? `WebGPU (${adapter})` : "WASM", ms, notice: trouble };
      };
      try {
        return await once();
      } catch (error) {
        if (!adapter) throw error;
        giveUp(error);
        return await once();
      } finally {
        computing(true);
      }
    },
  };
}
