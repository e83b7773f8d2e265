"""What was read from a log stays letters, wherever it is put."""

from html.parser import HTMLParser

import pytest

from api.audit.markup import joined, plain, tag

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "</style></title><svg onload=alert(1)>",
    "&lt;script&gt;",
    "a & b",
    "]]><!-- -->",
]


class Read(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.seen, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, name, attributes):
        self.seen.append((name, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_and_attributes_are_read_back_as_they_were(text):
    read = Read(tag("p", tag("b", text), text, title=text))
    assert read.seen == [("p", {"title": text}), ("b", {})]
    assert read.text == text * 2


def test_markup_is_not_escaped_twice():
    assert tag("p", tag("b", "x"), "<") == "<p><b>x</b>&lt;</p>"
    assert joined("<", tag("br"), tag("rect", x="0", height=1.50, class_="a", aria_hidden=None)) == (
        '&lt;<br><rect x="0" height="1.5" class="a"/>'
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ärzte & Söhne 株式会社", "Ärzte & Söhne 株式会社"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("zero\u200bwidth\x00\x1b[2J", "zero\\u200bwidth\\u0000\\u001b[2J"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert plain(text) == shown
