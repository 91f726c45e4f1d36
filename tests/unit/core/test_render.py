"""What a figure's HTML promises: escaped, labelled, every id once, every control named."""

import re
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.core import params as controls
from demos_py.core.demo import find
from demos_py.core.render import PARTS, marked, render_figure, render_parts, token

VOID = {"input", "br", "hr", "img", "meta", "link"}
Tag = tuple[str, dict[str, str | None]]


class Page(HTMLParser):
    """All tags with their attributes, the text, and whether every tag is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[Tag] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))  # <path .../>

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.words += data

    def with_(self, name: str) -> list[str]:
        return [str(attrs[name]) for _, attrs in self.tags if name in attrs]


def figure(demo_id: str, params: Any, uid: str = "figure") -> str:
    return "".join(render_figure(find(demo_id), params, uid=uid, number="8.1", query="v=1"))


def check(html: str, params: Any) -> Page:
    page = Page(html)
    ids = page.with_("id")
    assert len(ids) == len(set(ids))
    for referring in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
        for value in page.with_(referring):
            assert set(value.split()) <= set(ids), (referring, value)
    for tag, attrs in page.tags:
        assert tag not in {"script", "b0", "x"} and not any(name.startswith("on") for name in attrs)
        if tag in {"input", "select", "textarea"}:
            if str(attrs.get("id")).endswith(("-moment", "-speed")):  # the transport's, and in no form
                assert attrs.get("aria-label") and "name" not in attrs
                continue
            hidden = attrs.get("type") == "hidden"
            assert attrs.get("name") and (hidden or attrs.get("id") in page.with_("for")), attrs
        if tag == "button":
            assert attrs.get("type") == "button"
    assert set(page.with_("name")) == set(controls.controls(params))
    return page


@settings(max_examples=40)
@given(strategies.settings_of_any())
def test_any_settings_give_sound_html(case: tuple[str, Any]) -> None:
    demo_id, params = case
    check(figure(demo_id, params), params)


@pytest.mark.parametrize("demo_id", strategies.DEMOS)
def test_the_root_and_the_parts_are_marked(demo_id: str) -> None:
    page = check(figure(demo_id, find(demo_id).params()), find(demo_id).params())
    roots = [attrs for tag, attrs in page.tags if "data-demo" in attrs]
    assert [(root["data-demo"], root["data-state"], root["data-preset"]) for root in roots] == [
        (demo_id, "static", "v=1")
    ]
    assert sorted(page.with_("data-part")) == sorted(PARTS)
    assert find(demo_id).title in page.words and "8.1" in page.words
    reading = find(demo_id).first_view(find(demo_id).params()).reading
    number = re.findall(r"\d+\.?\d*", reading)[0]
    assert number in page.words


def test_one_figure_twice_on_a_page() -> None:
    both = "".join(
        figure(demo_id, find(demo_id).params(), uid)
        for demo_id in strategies.DEMOS
        for uid in (demo_id, demo_id + "-2")
    )
    ids = Page(both).with_("id")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("demo_id", strategies.DEMOS)
def test_a_control_shows_its_value(demo_id: str) -> None:
    demo = find(demo_id)
    params = demo.params()
    page = Page(render_parts(demo, params, demo.first_view(params), "u")["controls"])
    for name, control in controls.controls(params).items():
        shown = [attrs for _, attrs in page.tags if attrs.get("name") == name]
        if isinstance(control, controls.Text):
            assert getattr(params, name) in page.words
        elif isinstance(control, controls.Choice):
            chosen = [attrs["value"] for tag, attrs in page.tags if tag == "option" and "selected" in attrs]
            assert getattr(params, name) in chosen
        else:
            assert [attrs["value"] for attrs in shown] == control.write(getattr(params, name))


@pytest.mark.parametrize(
    "text", ["</textarea><script>alert(1)</script>", "</script>", "<x onload=1>", "&lt;", "🙂", "\n\nafter"]
)
def test_hostile_text_stays_text(text: str) -> None:
    demo = find("sampling/distribution")
    params = demo.params(text=text)
    html = figure("sampling/distribution", params)
    check(html, params)
    area = re.search(r"<textarea[^>]*>(.*?)</textarea>", html, re.DOTALL)
    assert area and unescape(area[1]).removeprefix("\n") == text  # a browser drops the first line break


def test_a_problem_is_escaped() -> None:
    demo = find("sampling/draws")
    parts = render_parts(
        demo, demo.params(), demo.first_view(demo.params()), "u", ("“<b0>” is no parameter",)
    )
    assert "<b0>" in Page(parts["notices"]).words


@settings(max_examples=150)
@given(
    st.text(st.sampled_from("ab<>&\"'`* /;#\n\\{}") | st.characters(exclude_categories=["Cs"]), max_size=40)
)
def test_marked_escapes_everything_but_its_marks(sentence: str) -> None:
    page = Page(str(marked(sentence)))
    for tag, attrs in page.tags:
        assert (tag, set(attrs)) in [
            ("strong", set()), ("span", {"class", "role", "aria-label"}), ("span", {"class"}),
        ]  # fmt: skip
    if not re.search(r"[*`]", sentence):
        assert page.words == sentence and page.tags == []


def test_marked_shows_what_was_written() -> None:
    """Inside a mark as outside: an ampersand reads as an ampersand."""
    for inside in ("a", "a & b", "<b>", "it's", 'say "x"', "&amp;"):
        assert Page(str(marked(f"so **{inside}** it is"))).words == f"so {inside} it is"
        page = Page(str(marked(f"so `{inside}` it is")))
        assert page.words == f"so {inside} it is"
        assert page.with_("aria-label") == [inside]


def test_a_token_has_a_shape_and_a_spoken_name() -> None:
    for piece, name, spaces, shown in (
        (" Paris", "space Paris", 1, "Paris"),
        ("  a", "space space a", 2, "a"),
        ("\n", "\\n", 0, "\\n"),
        (" ", "space", 1, ""),
        ("<b>", "<b>", 0, "<b>"),
        ("a b", "a b", 0, "a b"),
    ):
        html = str(token(piece))
        page = Page(html)
        assert (page.with_("aria-label"), html.count('class="cw-sp"'), page.words) == ([name], spaces, shown)
        assert escape(piece.strip()) in html or "\n" in piece
