"""Long texts: Markdown in, harmless HTML out.

SECURITY: two layers that do not trust each other. The parser knows no HTML (what looks like a tag is text), and its
result goes through an allow-list of tags, attributes and link schemes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS: Final = frozenset(
    {
        "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
        "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES: Final = frozenset({"http", "https", "mailto"})
MARK: Final = "\ue000%s\ue001"
"""How a text names something by a key, such as a person by their id; see :func:`markdown`. Nobody types these signs."""

_MARKS: Final = re.compile("\ue000([^\ue000\ue001]*)\ue001")
_MARKED: Final = {"span": {"mention"}}


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    parser.add_render_rule("text", _render_text)
    return parser


def _render_text(self: Any, tokens: Sequence[Any], idx: int, options: Any, env: Mapping[str, Any]) -> str:
    """Text between the markup: the only place where a mark becomes an element."""
    marks = env.get("marks", {})
    return _MARKS.sub(
        lambda found: f'<span class="mention">{escape(marks.get(found[1], ""))}</span>', escape(tokens[idx].content)
    )


def markdown(text: str, *, marks: Mapping[str, str] | None = None) -> SafeString:
    """``text`` as HTML; empty for an empty text. Images are left out: a picture is a request to somewhere.

    ``marks`` says what stands for each key that the text names (``MARK % key``), a person's name for instance.
    """
    if not text.strip():
        return mark_safe("")
    html = nh3.clean(
        _parser().render(text, {"marks": marks or {}}),
        tags=set(TAGS) | set(_MARKED),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        allowed_classes={tag: set(names) for tag, names in _MARKED.items()},
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )
    # SECURITY: what stands in code or in an attribute is only ever text.
    html = _MARKS.sub(lambda found: escape((marks or {}).get(found[1], "")), html)
    return mark_safe(html)  # noqa: S308 - cleaned against the allow-list above
