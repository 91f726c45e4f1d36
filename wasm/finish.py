"""Finish a built site: `python -m wasm.finish site`, after `mkdocs build` or `zensical build`.

Brings the staged files in, renders the formulas, writes the tables as CSV, names what a page loads by its content,
writes the content security policy, and holds every file against the manifest. A second run changes nothing.
"""

import base64
import re
import shutil
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from wasm.assets import ASSETS, ROOT, AssetError, load_manifest, verify, write
from wasm.downloads import write_downloads
from wasm.embeds import with_cards, write_embeds
from wasm.formulas import FORMULA, formula_of, formulas_in, rendered
from wasm.hashing import CHARSET, hash_names, set_edition, without_days
from wasm.stage import HOST, bundle

POLICY = '<meta http-equiv="Content-Security-Policy" content="{}">'
ALONE = ("offline.html", "closed.html")  # load nothing, and bring policies of their own
OLD_GUARD = re.compile('<script id="cutaway-gone">.*?</script>', re.DOTALL)
OLD_POLICY = re.compile(POLICY.format('[^"]*'))
# `wasm-unsafe-eval` allows WebAssembly to be compiled, and no JavaScript from text. Inline styles are needed by
# KaTeX, Plotly and CodeMirror.
DIRECTIVES = [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'{hashes}",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "worker-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
]
# What the theme leaves without a name for a screen reader.
UNNAMED = {
    '<div class="md-search" data-md-component="search" role="dialog">': (
        '<div class="md-search" data-md-component="search" role="dialog" aria-label="Search">'
    ),
}
# A display formula scrolls sideways on a narrow screen, so the keyboard must reach it.
DISPLAY = '<div class="arithmatex" tabindex="0" role="group" aria-label="Formula">'
SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
SCRIPT_TYPE = re.compile(r"""\stype=["']?([^"'\s>]+)""")
DATA = {"application/json", "application/ld+json"}
# Where the theme takes in the search index: at once, or when the search is opened for the first time if the page is
# a file's.
AT_ONCE = re.compile(r'\$\(location\.protocol!=="file:"\)(?=,\w+\("search"\)\))')
# The bar with the button that copies a block of code: to a screen reader each would be a place in the page to go to.
COPY_BAR = re.compile(r'"nav",\{class:"md-code__nav"\}')
CHANGES = (
    (AT_ONCE, "$(!1)", "begins its search"),
    (COPY_BAR, '"div",{class:"md-code__nav"}', "draws what copies code"),
)
BUNDLE = re.compile(r"bundle\.[0-9a-f]{8}\.min\.js")

Pages = dict[Path, str]


def inline_scripts(page: str) -> Iterator[str]:
    """The text of every inline script that a browser would run. Much of the time of a small build, so by an expression."""
    for attributes, text in SCRIPT.findall(page):
        kind = SCRIPT_TYPE.search(attributes)
        if not re.search(r"\ssrc\b", attributes) and (kind is None or kind[1] not in DATA):
            yield text


def render_formulas(pages: Pages) -> Pages:
    """The pages with every formula rendered, so that it needs no JavaScript."""
    places = {formula: path for path, page in pages.items() for formula in formulas_in(page)}
    answers = rendered(places)
    wrong = [
        f"{path}: the formula {formula[0]!r} is not valid: {answers[formula]['error']}"
        for formula, path in places.items()
        if "error" in answers[formula]
    ]
    if wrong:
        raise AssetError("\n".join(wrong))

    def render(found: re.Match[str]) -> str:
        formula = formula_of(found)
        return (DISPLAY if formula[1] else found[1]) + answers[formula]["html"] + found[5]

    return {path: FORMULA.sub(render, page) for path, page in pages.items()}


def name_regions(pages: Pages) -> Pages:
    """The pages with a name on each region that the theme left without one."""
    for bare, named in UNNAMED.items():
        pages = {path: page.replace(bare, named) for path, page in pages.items()}
    return pages


def change_script(site: Path, pages: Pages) -> Pages:
    """The pages with the theme's script changed in two words, as CHANGES says.

    The search begins when it is opened: taking in the index keeps a core busy for a third of a second, just when
    Python starts. The script has a new name then, that of its content, as all that changes.
    """
    for script in site.glob("assets/javascripts/bundle.*.min.js"):
        before = text = script.read_text("utf-8")
        for pattern, instead, what in CHANGES:
            text = pattern.sub(instead, text)
            if instead not in text:
                raise AssetError(f"{script}: the theme {what} in another way; mend CHANGES in wasm/finish.py")
        if text != before:
            name = f"bundle.{sha256(text.encode()).hexdigest()[:8]}.min.js"
            script.unlink()
            write(script.with_name(name), text.encode())
            pages = {path: BUNDLE.sub(name, page) for path, page in pages.items()}
    return pages


def policy(pages: Pages) -> str:
    """The content security policy of the whole site.

    It is one text on all pages, because instant navigation runs the scripts of one page under the policy
    of another.
    """
    hashes: set[str] = set()
    for page in pages.values():
        for script in inline_scripts(page):
            hashes.add(base64.b64encode(sha256(script.encode()).digest()).decode())
    return "; ".join(DIRECTIVES).format(hashes="".join(f" 'sha256-{one}'" for one in sorted(hashes)))


def framed_policy(pages: Pages, home: str) -> str:
    """The policy of the pages that stand in frames without an origin of their own.

    There WebKit takes nothing for `'self'`, so the site's address stands beside it; and a worker can come from
    a `data:` address only (wasm/host/places.js).
    """
    return policy(pages).replace("'self'", f"'self' {home}").replace("worker-src", "worker-src data:")


def guard(pages: Pages) -> Pages:
    """The pages with the script that notices, before any other, that a file of this edition is gone."""
    script = bundle(HOST / "gone.js", "--format=iife").decode().strip()
    tag = f'<script id="cutaway-gone">{script}</script>'
    return {
        path: CHARSET.sub(lambda found: found[0] + tag, OLD_GUARD.sub("", page), count=1)
        for path, page in pages.items()
    }


def set_policy(pages: Pages, policy: str) -> Pages:
    """The pages with the policy as the first thing in each head that could load something."""
    tag = POLICY.format(policy)
    finished: Pages = {}
    for path, page in pages.items():
        page, charsets = CHARSET.subn(lambda found: found[0] + tag, OLD_POLICY.sub("", page), count=1)
        if not charsets:
            raise AssetError(f'{path} has no <meta charset="utf-8"> for the policy to follow')
        finished[path] = page
    return finished


def finish(site: Path) -> None:
    """Finish the site in this folder."""
    manifest = load_manifest()
    assets = site / "assets/runtime"
    shutil.rmtree(assets, ignore_errors=True)
    shutil.copytree(ASSETS, assets)
    verify(assets, manifest)
    shutil.copy(ROOT / "wasm/pages/closed.html", site)
    shutil.rmtree(site / "embed", ignore_errors=True)
    found = sorted(path for path in site.rglob("*.html") if path.name not in ALONE)
    pages = {path: path.read_bytes().decode() for path in found}
    if not pages:
        raise AssetError(f"{site} holds no page: build the site first")
    pages = change_script(site, name_regions(render_formulas(write_downloads(site, pages))))
    embeds, home = write_embeds(site, pages)
    named = guard(hash_names(site, with_cards(pages, home) | embeds))
    embeds = {path: named.pop(path) for path in embeds}
    for kind, allowed in ((named, policy(named)), (embeds, framed_policy(embeds, home))):
        for path, page in set_edition(set_policy(kind, allowed), allowed, POLICY.format(allowed)).items():
            write(path, page.encode())
    without_days(site)


if __name__ == "__main__":
    try:
        finish(Path(sys.argv[1] if len(sys.argv) > 1 else "site"))
    except AssetError as error:
        sys.exit(f"finish: {error}")
