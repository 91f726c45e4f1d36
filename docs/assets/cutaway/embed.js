// For a page that shows figures of Cutaway in frames: gives each frame the height of its figure.
(() => {
  const book = new URL("../../", document.currentScript.src);
  const [lowest, highest] = [120, 4000]; // pixels
  addEventListener("message", ({ data, origin, source }) => {
    // from a frame of ours, which has no origin of its own where it is sandboxed
    if (origin !== "null" && origin !== book.origin) return;
    if (typeof data !== "object" || data?.type !== "cutaway:height" || data.version !== 1) return;
    if (!Number.isFinite(data.height)) return;
    for (const frame of document.querySelectorAll("iframe")) {
      if (frame.contentWindow !== source || !frame.src.startsWith(`${book.href}embed/`)) continue;
      frame.style.height = `${Math.min(highest, Math.max(lowest, Math.ceil(data.height)))}px`;
    }
  });
})();
