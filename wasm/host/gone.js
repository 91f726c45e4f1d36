/**
 * Inside every page, before all that it loads. Where a script or a style sheet of the page cannot be had because the
 * book has a newer edition by now, the page is one that was kept too long: it loads itself anew. Nothing is lost, as
 * it has only begun.
 */
// The theme's script does this late, and the browser would then work out the style of every element once more.
document.documentElement.classList.replace("no-js", "js");

let asked = false;

addEventListener(
  "error",
  ({ target }) => {
    const own = document.querySelector("meta[name=cutaway-edition]")?.getAttribute("content");
    if (!/^(LINK|SCRIPT)$/.test(/** @type {Element} */ (target).tagName) || !own || location.protocol === "file:") return;
    if (asked || document.readyState === "complete") return; // then it is a figure that asks: edition.js
    asked = true;
    fetch(location.href, { cache: "reload" })
      .then((found) => (found.ok ? found.text() : ""))
      .then((page) => {
        const edition = /name="cutaway-edition" content="(\w+)"/.exec(page);
        if (edition && edition[1] !== own) location.reload();
      })
      .catch(() => {});
  },
  true,
);
