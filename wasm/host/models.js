/** Files and models for Python's sessions (demos_py/core/browser.py), by onnxruntime-web in this worker. */

/**
 * @typedef {object} Road
 * @property {(name: string) => string} address where a file of the manifest lies
 * @property {(name: string) => number} total its bytes
 * @property {(what: string, read: number, total: number) => void} tell tells the page how far a download is
 */

const ORT = "ort.wasm.bundle.min.mjs";
const ORT_WASM = "ort-wasm-simd-threaded.wasm";
const WEIGHTS = "weights.bin";

/**
 * @param {(name: string, count: (bytes: number) => void) => Promise<Uint8Array>} fetched
 * @param {Road} road
 */
export function models(fetched, road) {
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
    const total = names.reduce((sum, name) => sum + road.total(name), 0);
    let read = 0;
    let told = 0;
    const count = (/** @type {number} */ bytes) => {
      read += bytes;
      if (performance.now() - told < 100 && read < total) return;
      told = performance.now();
      road.tell(what, read, total);
    };
    return Promise.all(names.map((name) => once(name, () => fetched(name, count))));
  };

  const runtime = () =>
    once("runtime", async () => {
      const [, binary] = await files("onnxruntime-web", [ORT, ORT_WASM]);
      const ort = await import(road.address(ORT));
      ort.env.wasm.numThreads = 1; // more would need headers that a static host does not send
      ort.env.wasm.wasmBinary = binary;
      return ort;
    });

  /** @param {string} graph `<model>/<graph>.onnx` */
  const session = (graph) =>
    once(`session ${graph}`, async () => {
      const [model] = graph.split("/");
      const [ort, [bytes, weights]] = await Promise.all([runtime(), files(model, [graph, `${model}/${WEIGHTS}`])]);
      const externalData = [{ path: WEIGHTS, data: weights }];
      return ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], externalData });
    });

  return {
    /** @param {string} name */
    async load(name) {
      const [bytes] = await files(name.split("/")[0], [name]);
      return bytes;
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
      return { tensors: fetches.map((name) => ({ data: found[name].data, dims: found[name].dims })), provider: "WASM", ms };
    },
  };
}
