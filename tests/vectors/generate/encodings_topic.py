"""Canonical bytes and their strict inverses."""

from topics import Topic

from circuits.encoding import fields
from circuits.group import N

# RFC 8785: the members of section 3.2.3 in their order, its escapes, and numbers as far as integers go.
SORTED = (
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",'
    '"\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}'
)
CANONICAL = {
    "empty-object": ("{}", "the smallest document"),
    "spaces": (' { "b" : [ 1 , 2 ] ,\n\t"a" : null } ', "white space goes, names are sorted"),
    "nested": ('{"b":{"d":1,"c":[{"z":1,"y":2}]},"a":true}', "sorted at every depth, lists stay in order"),
    "utf16-order": (SORTED, "RFC 8785 section 3.2.3: names are sorted by UTF-16 code units, not by code points"),
    "escapes": ('"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"', "RFC 8785 section 3.2.2.2"),
    "solidus": ('"a\\/b"', "a solidus is not escaped"),
    "control": (
        '"\\u0000\\u0008\\u0009\\u000c\\u000d\\u001f\\u007f"',
        "short escapes where there are some; 7f is itself",
    ),
    "largest": ("9007199254740991", "2^53 - 1"),
    "smallest": ("-9007199254740991", "-(2^53 - 1)"),
    "zero": ("0", "zero has one form"),
    "depth-64": ("[" * 64 + "]" * 64, "64 levels"),
    "brackets-in-text": ('"' + "[" * 100 + '"', "brackets in a text are no levels"),
    "same-name-elsewhere": ('[{"a":1},{"a":2}]', "a name may stand again in another object"),
}
REFUSED_JSON = {
    "duplicate": ('{"a":1,"a":1}', "a name stands twice", "same-name-elsewhere"),
    "duplicate-escaped": ('{"a":1,"\\u0061":2}', "the same name, written in two ways", "same-name-elsewhere"),
    "float": ("1.0", "numbers are integers", "zero"),
    "exponent": ("1e3", "numbers are integers", "zero"),
    "minus-zero": ("-0", "zero has one form", "zero"),
    "leading-zero": ("01", "not JSON", "zero"),
    "plus": ("+1", "not JSON", "zero"),
    "too-large": ("9007199254740992", "2^53: other languages round it", "largest"),
    "too-small": ("-9007199254740992", "-2^53", "smallest"),
    "huge": ("1" * 400, "an integer of 400 digits", "largest"),
    "nan": ("NaN", "not JSON", "zero"),
    "infinity": ("-Infinity", "not JSON", "zero"),
    "lone-surrogate": ('"\\ud800"', "half a surrogate pair stands for no character", "escapes"),
    "lone-surrogate-name": ('{"\\udc00":1}', "the same in a name", "utf16-order"),
    "depth-65": ("[" * 65 + "]" * 65, "65 levels", "depth-64"),
    "two-documents": ("{}{}", "something after the document", "empty-object"),
    "cut": ('{"a":1', "it does not end", "nested"),
    "trailing-comma": ("[1,]", "not JSON", "nested"),
    "single-quotes": ("{'a':1}", "not JSON", "nested"),
    "comment": ("[1/*x*/]", "not JSON", "nested"),
    "raw-newline": ('"a\nb"', "a control character that is not escaped", "control"),
    "bad-escape": ('"\\x41"', "no such escape", "escapes"),
    "empty": ("", "nothing at all", "empty-object"),
}
NOT_CANONICAL = {
    "space": ('{"a": 1}', "a space"),
    "newline": ('{"a":1}\n', "a newline at the end"),
    "order": ('{"b":2,"a":1}', "names out of order"),
    "escaped-letter": ('{"\\u0061":1}', "an escape where none is needed"),
    "upper-hex": ('{"a":"\\u001F"}', "hexadecimal digits of an escape are lower case"),
    "solidus": ('{"a":"\\/"}', "a solidus is not escaped"),
    "duplicate": ('{"a":1,"a":1}', "a name stands twice"),
}
# RFC 4648 section 10, without padding, then the two characters of the URL-safe alphabet.
BASE64 = {"": "", "66": "Zg", "666f": "Zm8", "666f6f": "Zm9v", "666f6f62": "Zm9vYg", "666f6f626172": "Zm9vYmFy"}
BASE64 |= {"fbff": "-_8", "00" * 32: "A" * 43}
REFUSED_BASE64 = {
    "padding": ("Zg==", "there is no padding"),
    "stray-bits": ("Zh", "the last character has bits that stand for nothing"),
    "stray-bits-2": ("Zm9", "the same after two bytes"),
    "standard-alphabet": ("+/8", "the other alphabet"),
    "space": ("Zm 8", "a space"),
    "newline": ("Zm8\n", "a newline at the end"),
    "length": ("Zm9vY", "no bytes have five characters"),
    "not-ascii": ("Zmü", "not in the alphabet"),
}


def json_topic():
    topic = Topic("json", "RFC 8785 documents without fractions: what is read, what is written, and what is refused.")
    for name, (text, why) in CANONICAL.items():
        topic.accept(name, "json.canonical", {"text": text}, why)
    for name, (text, why, mutates) in REFUSED_JSON.items():
        topic.reject(name, "json.canonical", {"text": text}, why, mutates=mutates)
    topic.accept("bytes", "json.canonical", {"bytes": '"ö"'.encode().hex()}, "a document as bytes")
    for name, content, why in (
        ("latin-1", b'"\xf6"', "not UTF-8"),
        ("overlong", b'"\xc0\xaf"', "an overlong form"),
        ("surrogate-bytes", b'"\xed\xa0\x80"', "a surrogate as UTF-8"),
        ("bom", b'\xef\xbb\xbf"a"', "a byte order mark"),
    ):
        topic.reject(name, "json.canonical", {"bytes": content.hex()}, why, mutates="bytes")
    topic.accept("is-canonical", "json.require-canonical", {"text": '{"a":1}'}, "in its canonical form, byte for byte")
    for name, (text, why) in NOT_CANONICAL.items():
        topic.reject(f"not-{name}", "json.require-canonical", {"text": text}, why, mutates="is-canonical")
    return topic


def binary_topic():
    topic = Topic("encoding", "Bytes as text, framed fields, scalars, dates and times: one form each.")
    for number, (content, text) in enumerate(BASE64.items()):
        topic.accept(
            f"b64-{number}", "base64url.encode", {"bytes": content}, "RFC 4648, unpadded", known={"text": text}
        )
        topic.accept(f"b64-{number}-back", "base64url.decode", {"text": text}, "back", known={"bytes": content})
    for name, (text, why) in REFUSED_BASE64.items():
        topic.reject(f"b64-{name}", "base64url.decode", {"text": text}, why, mutates="b64-2-back")
    _fields(topic)
    for name, number in (("one", 1), ("largest", N - 1), ("zero", 0)):
        argument = {"bytes": number.to_bytes(32, "big").hex()}
        topic.accept(f"scalar-{name}", "scalar.decode", argument, "32 bytes, big endian", known={"number": str(number)})
    for name, content, why in (
        ("order", N.to_bytes(32, "big"), "the group order: not reduced"),
        ("all-ones", b"\xff" * 32, "not reduced"),
        ("short", bytes(31), "31 bytes"),
        ("long", bytes(33), "33 bytes"),
    ):
        topic.reject(f"scalar-{name}", "scalar.decode", {"bytes": content.hex()}, why, mutates="scalar-largest")
    _calendar(topic)
    return topic


def _fields(topic):
    values = [b"", b"abc", bytes(300)]
    framed = fields("label/1", *values)
    argument = {"label": "label/1", "values": [value.hex() for value in values]}
    topic.accept("fields", "fields.encode", argument, "each behind its length in 8 bytes, the label first")
    read = {"label": "label/1", "bytes": framed.hex(), "count": 3}
    topic.accept("fields-back", "fields.decode", read, "the strict inverse")
    for name, change, why in (
        ("cut", {"bytes": framed[:-1].hex()}, "the last field is cut short"),
        ("longer", {"bytes": framed.hex() + "00"}, "something follows"),
        ("fewer", {"count": 4}, "one field is missing"),
        ("more", {"count": 2}, "one field too many"),
        ("other-label", {"label": "label/2"}, "another label"),
        ("huge-length", {"bytes": "ff" * 8}, "a length beyond the end"),
        ("empty", {"bytes": ""}, "no label"),
    ):
        topic.reject(f"fields-{name}", "fields.decode", read | change, why, mutates="fields-back")


def _calendar(topic):
    for date in ("1900-01-01", "1970-01-01", "2000-02-29", "2026-11-18", "2199-12-31"):
        topic.accept(f"date-{date}", "date.decode", {"date": date}, "a day of the Gregorian calendar")
    for name, date in (
        ("no-leap-year", "1900-02-29"),
        ("month", "2026-13-01"),
        ("day", "2026-11-31"),
        ("zero", "2026-00-01"),
        ("short", "2026-1-01"),
        ("time", "2026-11-18T00:00:00Z"),
        ("space", "2026-11-18 "),
        ("other-digits", "2026-11-1\u0668"),
    ):
        topic.reject(f"date-{name}", "date.decode", {"date": date}, "no day in its one form", mutates="date-2026-11-18")
    for time, seconds in (("1970-01-01T00:00:00Z", 0), ("2026-11-18T11:06:40Z", 1_795_000_000)):
        topic.accept(f"time-{seconds}", "time.decode", {"time": time}, "RFC 3339, UTC", known={"seconds": seconds})
    for name, time in (
        ("offset", "2026-11-18T11:06:40+00:00"),
        ("lower-case", "2026-11-18t11:06:40z"),
        ("fraction", "2026-11-18T11:06:40.0Z"),
        ("leap-second", "2026-12-31T23:59:60Z"),
        ("hour", "2026-11-18T24:00:00Z"),
        ("space", "2026-11-18 11:06:40Z"),
    ):
        topic.reject(f"time-{name}", "time.decode", {"time": time}, "not in its one form", mutates="time-1795000000")
    for name, born, as_of, years in (
        ("birthday", "2005-11-18", "2026-11-18", 21),
        ("eve", "2005-11-19", "2026-11-18", 20),
        ("leap-eve", "2004-02-29", "2025-02-28", 20),
        ("leap-day", "2004-02-29", "2025-03-01", 21),
        ("leap-leap", "2004-02-29", "2024-02-29", 20),
    ):
        argument, why = {"born": born, "as_of": as_of}, "whole years"
        topic.accept(f"age-{name}", "age.count", argument, why, known={"years": years})


def topics():
    return [json_topic(), binary_topic()]
