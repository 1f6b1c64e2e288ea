"""A text for an attribute holds no markup and is escaped like any other."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils.safestring import SafeString, mark_safe

from organization.templatetags.portal import plain_text


@pytest.mark.parametrize(
    "value", ['a"b', mark_safe('a"b'), mark_safe("<p>a&quot;b</p>"), mark_safe('<p class="x">a"b</p>')]
)
def test_plain_text_is_escaped_by_the_template(value: str) -> None:
    assert plain_text(value) == 'a"b'
    assert not isinstance(plain_text(value), SafeString)
    drawn = Template('{% load portal %}<a title="{{ value|plain_text }}"></a>').render(Context({"value": value}))
    assert drawn == '<a title="a&quot;b"></a>'
