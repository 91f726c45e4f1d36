// pocket-lm by plain onnxruntime-web, on one thread of WebAssembly under Node: prints milliseconds as JSON.
import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-web/wasm";

const FOLDER = new URL("../../wasm/models/pocket-lm/", import.meta.url);
const read = async (name) => new Uint8Array(await readFile(new URL(name, FOLDER)));
const sizes = JSON.parse(await readFile(new URL("model.json", FOLDER), "utf-8"));
const { layers, heads, kv_heads: kv, head_dim: size, width } = sizes;
const points = 2 * layers + 1;
ort.env.wasm.numThreads = 1;

const f32 = (dims, value = 0) => new ort.Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value), dims);
const i32 = (values, dims = [values.length]) => new ort.Tensor("int32", Int32Array.from(values), dims);
const span = (from, count) => Array.from({ length: count }, (_, i) => from + i);
const token = (i) => (i * 37) % 1000;
const clamp = {
  clamp_read: f32([width]), clamp_write: f32([width]), clamp_bias: f32([1]), clamp_value: f32([1]), clamp_on: f32([1]),
};
const neutral = {
  head_mask: f32([layers, heads, 1, 1], 1), head_patch: f32([layers, heads, 1, size]), block_mask: f32([layers, 2], 1),
  residual_mask: f32([points, 1, 1], 1), residual_patch: f32([points, 1, width]), ...clamp,
};
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const results = {};

async function open(graph) {
  const [bytes, data] = [await read(`${graph}.onnx`), await read("weights.bin")];
  return ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], externalData: [{ path: "weights.bin", data }] });
}

async function timed(action, count = 15) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await action();
    times.push(performance.now() - began);
  }
  return median(times);
}

let began = performance.now();
const forward = await open("forward");
results["session start, onnxruntime itself included"] = performance.now() - began;
const pass = (count, fetches) =>
  forward.run({ ids: i32(span(0, count).map(token)), positions: i32(span(0, count)), ...neutral }, fetches);
began = performance.now();
await pass(32);
results["first run, 32 tokens"] = performance.now() - began;
results["forward, 32 tokens, every intermediate"] = await timed(() => pass(32));
results["forward, 64 tokens, every intermediate"] = await timed(() => pass(64));
results["forward, 64 tokens, logits only"] = await timed(() => pass(64, ["logits"]));

const decode = await open("decode");
const COUNT = 64;
const step = (ids, past, keys, values) =>
  decode.run({
    ids: i32(ids, [1, ids.length]), positions: i32(span(past, ids.length)), key_positions: i32(span(0, past + ids.length)),
    past_keys: keys, past_values: values, ...clamp,
  });
const empty = () => f32([layers, 1, kv, 0, size]);
async function cached() {
  let [keys, values] = [empty(), empty()];
  for (let at = 0; at < COUNT; at++) ({ keys, values } = await step([token(at)], at, keys, values));
}
async function uncached() {
  for (let at = 0; at < COUNT; at++) await step(span(0, at + 1).map(token), 0, empty(), empty());
}
await cached();
results["decode with cache, tokens a second"] = (1000 * COUNT) / (await timed(cached, 3));
results["decode without cache, tokens a second"] = (1000 * COUNT) / (await timed(uncached, 3));
console.log(JSON.stringify(results));
