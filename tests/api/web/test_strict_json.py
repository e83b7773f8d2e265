import pytest

from api.web import strict_json
from api.web.problems import Problem


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        (b'{"a": [1, {"b": null}], "c": "\\u00e9"}', {"a": [1, {"b": None}], "c": "é"}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"[" * 30 + b"]" * 30, None),
        (b'{"a": 1, "A": 2}', {"a": 1, "A": 2}),
    ],
)
def test_json_that_means_one_thing_is_read(body, meaning):
    parsed = strict_json.parse(body)
    assert meaning is None or parsed == meaning


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', 'the key "c" occurs twice, at #/b'),
        (b'{"a": 1, "a": 1}', 'the key "a" occurs twice, at #'),
        (b'[{"x/y": {"~": NaN}}]', "NaN is not a JSON number, at #/0/x~1y/~0"),
        (b"[1, -Infinity]", "-Infinity is not a JSON number, at #/1"),
        (b'{"a": "\\u0000"}', "a text holds the character U+0000, at #/a"),
        (b'{"a": "\\ud800"}', "a text holds a lone surrogate, at #/a"),
        (b'{"\\udfff": 1}', "a text holds a lone surrogate, at #"),
        (b'{"a": }', "the body is not JSON: Expecting value at line 1, column 7"),
        (b'{"a": "b', "the body is not JSON: Unterminated string starting at line 1, column 7"),
        (b"", "the body is not JSON: Expecting value at line 1, column 1"),
        (b'{"a": "\xff"}', "the body is not UTF-8 at byte 7"),
        ('{"a": 1}'.encode("utf-16"), "the body is not UTF-8 at byte 0"),
        (b"[" * 40 + b"]" * 40, "the body is nested deeper than 32"),
        (b"[" * 200_000, "the body is nested deeper than 32"),
        (b"1" * 10_000, "the body holds a number of thousands of digits"),
        (b"{} {}", "the body is not JSON: Extra data at line 1, column 4"),
    ],
)
def test_anything_else_is_refused_by_what_and_where(body, says):
    with pytest.raises(Problem) as refused:
        strict_json.parse(body)
    assert refused.value.kind.name == "bad-request"
    assert refused.value.detail == says
