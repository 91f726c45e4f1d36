/** A page of one figure, in a frame of another site: its theme, its controls, and how high the frame should be. */
import { EMBEDDED, SWITCHED } from "./address.js";

/** Says how high the figure is, whenever that changes. The page around may listen; `embed.js` there does. */
function tellHeight() {
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    // to whoever holds the frame: a height is no secret
    parent.postMessage({ type: "cutaway:height", version: 1, height }, "*");
  };
  new ResizeObserver(tell).observe(document.body);
}

export function dressEmbedded() {
  if (!EMBEDDED) return;
  document.body.dataset.mdColorScheme = SWITCHED.scheme;
  document.body.classList.toggle("is-bare", SWITCHED.hide);
  if (SWITCHED.problems.length) {
    const said = document.createElement("p");
    said.className = "cw-notice cw-embed__said";
    said.setAttribute("role", "status");
    said.textContent = `In this page’s address: ${SWITCHED.problems.join(" ")}`;
    document.querySelector("main")?.append(said);
  }
  if (parent !== window) tellHeight();
}
