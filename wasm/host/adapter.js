/** Where models run in this browser, and the build of onnxruntime-web that does it there. */

/**
 * The smallest build that can do what this browser can: WebGPU awaited by JSPI, or by asyncify, or the CPU alone.
 * @type {Record<string, string[]>}
 */
export const BUILDS = {
  jspi: ["ort.jspi.bundle.min.mjs", "ort-wasm-simd-threaded.jspi.wasm"],
  asyncify: ["ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"],
  cpu: ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"],
};
const PATIENCE = 3000; // milliseconds for the browser to name its adapter

/**
 * The WebGPU adapter to use, if any. One that is only software is slower than WebAssembly, and taken only if asked for.
 * @param {string} wish "webgpu", "wasm", or nothing
 * @returns {Promise<any>}
 */
export async function findAdapter(wish) {
  const gpu = /** @type {any} */ (navigator).gpu;
  if (!gpu || wish === "wasm") return null;
  const late = new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE));
  const adapter = await Promise.race([gpu.requestAdapter().catch(() => null), late]);
  const software = adapter?.info?.isFallbackAdapter ?? adapter?.isFallbackAdapter;
  return software && wish !== "webgpu" ? null : adapter;
}

/** @param {any} adapter @returns {string} */
export const engineFor = (adapter) => (!adapter ? "cpu" : "Suspending" in WebAssembly ? "jspi" : "asyncify");
