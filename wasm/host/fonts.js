/** The page's own fonts, as rules with the font inside. */

/** One face: family, weight and style. @param {CSSStyleDeclaration} style */
export function faceOf(style) {
  const family = style.fontFamily.split(",")[0].replaceAll(/["']/g, "").trim();
  return `${family}|${Number(style.fontWeight) >= 550 ? "bold" : "plain"}|${style.fontStyle}`;
}

/** The faces of the page's own fonts that are in use, as rules with the font inside. @param {Set<string>} faces */
export async function fontRules(faces) {
  const rules = [];
  for (const sheet of document.styleSheets) {
    try {
      rules.push(...sheet.cssRules);
    } catch {
      // a sheet that scripts may not read, as all are where the page was opened from disk: its fonts stay names
    }
  }
  const found = rules.filter((rule) => rule instanceof CSSFontFaceRule).filter(({ style }) => {
    const family = style.getPropertyValue("font-family").replaceAll(/["']/g, "");
    const [low, high = low] = style.getPropertyValue("font-weight").split(" ").map((word) => Number(word) || 400);
    const kind = style.getPropertyValue("font-style") || "normal";
    return [...faces].some((face) => {
      const [name, weight, slant] = face.split("|");
      const bold = weight === "bold";
      return name === family && slant === kind && (bold ? high >= 550 : low < 550);
    });
  });
  const texts = found.map(async ({ style, parentStyleSheet }) => {
    const address = /url\(["']?([^"')]+)/.exec(style.getPropertyValue("src"))?.[1] ?? "";
    try {
      const bytes = await (await fetch(new URL(address, parentStyleSheet?.href ?? location.href))).blob();
      const data = await new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result);
        reader.readAsDataURL(new Blob([bytes], { type: "font/woff2" }));
      });
      const said = ["font-family", "font-weight", "font-style"].map((name) => `${name}:${style.getPropertyValue(name) || "normal"}`);
      return `@font-face{${said.join(";")};src:url(${data}) format("woff2")}`;
    } catch {
      return ""; // the font's name stands, with what may take its place
    }
  });
  return (await Promise.all(texts)).join("");
}
