/** Puts text where it can be pasted from. */

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether the browser did it
 */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // a frame of another site may not use the clipboard so; the old way needs no more than the reader's click
    const field = document.createElement("textarea");
    field.value = text;
    field.style.cssText = "position:fixed;opacity:0";
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    before?.focus();
    return done;
  }
}

/** Says on a button for a moment what came of it. @param {Element} said @param {string} words */
export function sayOn(said, words) {
  const usual = said.getAttribute("data-said") || (said.textContent ?? "");
  said.setAttribute("data-said", usual);
  said.setAttribute("role", "status");
  said.textContent = words;
  setTimeout(() => (said.textContent = usual), 2500);
}
