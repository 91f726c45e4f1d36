/** A reader's edits as text for a link, and back. */

/** @typedef {import("./messages").Files} Files */

const LONGEST = 200_000; // characters of a link's edit, and of each of the files in it

/** @param {Files} files @returns {Promise<string>} of letters that an address takes as they are */
export async function packed(files) {
  const stream = new Blob([JSON.stringify(files)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text @returns {Promise<Files | null>} null where it is none of ours, cut off, or too long */
export async function unpacked(text) {
  try {
    if (text.length > LONGEST) return null;
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const files = JSON.parse(await firstOf(stream, 10 * LONGEST));
    const whole = Object.values(files).every((one) => typeof one === "string");
    return whole && Object.keys(files).length ? files : null;
  } catch {
    return null;
  }
}

/** A stream's text, up to a limit: a short link can unpack to any length. @param {ReadableStream<any>} stream @param {number} most */
async function firstOf(stream, most) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    text += decoder.decode(piece.value, { stream: true });
    if (text.length > most) throw new Error("too long");
  }
  return text + decoder.decode();
}
