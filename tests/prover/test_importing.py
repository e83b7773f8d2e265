import gc
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.attributes import Schema
from prover.errors import ImportRefused
from prover.importing import MAX_LINE, Leftovers, Source, leftovers, read_records
from prover.records import Record, Reject, encode

SCHEMA = Schema.from_json(
    {
        "schema": "small",
        "version": 1,
        "attributes": [
            {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "1000000.00"},
            {"name": "age", "type": "integer", "min": "0", "max": "150"},
            {"name": "born", "type": "date"},
            {"name": "country", "type": "enum", "values": ["CA", "US"]},
            {"name": "owns_home", "type": "bool"},
            {"name": "employer", "type": "text"},
        ],
    }
)
HEADER = "id,salary,age,born,country,owns_home,employer\n"
GOOD = "p-1,100000.50,40,1986-02-28,US,yes,Acme\n"


def read(text, *, subject="id", mapping=()):
    content = text if isinstance(text, bytes) else text.encode()
    return list(read_records(io.BytesIO(content), schema=SCHEMA, subject=subject, mapping=mapping))


def test_a_good_row_is_a_record():
    (record,) = read(HEADER + GOOD)
    assert (record.subject, record.line) == ("p-1", 2)
    assert encode(record, SCHEMA).values["salary"] == 10000050


@pytest.mark.parametrize(
    ("header", "mapping", "columns", "attributes"),
    [
        (HEADER, (), (), ()),
        ("id,salary,,bonus,Age\n", (), ("bonus", "Age"), ("age", "born", "country", "owns_home", "employer")),
        ("id,pay,salary,age\n", ("pay=salary",), ("salary",), ("born", "country", "owns_home", "employer")),
    ],
)
def test_what_is_passed_over_is_known_from_the_header(header, mapping, columns, attributes):
    stream = io.BytesIO(header.encode())
    assert leftovers(stream, schema=SCHEMA, subject="id", mapping=mapping) == Leftovers(columns, attributes)
    stream.seek(0)
    assert list(read_records(stream, schema=SCHEMA, subject="id", mapping=mapping)) == []
    with pytest.raises(ImportRefused, match="no column 'name'"):
        leftovers(io.BytesIO(header.encode()), schema=SCHEMA, subject="name", mapping=mapping)


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + GOOD).encode("utf-8-sig"),
        (HEADER + GOOD).replace("\n", "\r\n").encode(),
        (HEADER + GOOD).replace("\n", "\r").encode(),
        (HEADER + GOOD).rstrip("\n").encode(),
        (HEADER + "\n\n" + GOOD + "\n").encode(),
        (HEADER + '"p-1"," 100000.50 ","40","1986-02-28","US","YES","Acme"\n').encode(),
    ],
    ids=["bom", "crlf", "cr", "no last newline", "blank lines", "quoted and padded"],
)
def test_spellings_of_the_same_file(content):
    (record,) = read(content)
    (plain,) = read(HEADER + GOOD)
    assert encode(record, SCHEMA).values == encode(plain, SCHEMA).values
    assert record.subject == plain.subject


def test_an_empty_cell_is_an_absent_attribute():
    (record,) = read(HEADER + "p-1,,40, ,US,,\n")
    assert set(record.values) == {"age", "country"}


def test_a_quoted_newline_keeps_the_line_numbers_right():
    rows = read("id,note,age\n" + 'p-1,"a\nb\nc",40\n' + "p-2,x,200\n")
    assert isinstance(rows[0], Record)
    assert rows[1] == Reject(5, "age", "outside the schema's bounds, 0 to 150")


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (b"p-1,1,2,,US,yes\n", None, "6 columns where the header has 7"),
        (b"p-1,1,2,,US,yes,Acme,more\n", None, "8 columns where the header has 7"),
        (b",1,2,,US,yes,Acme\n", "id", "the subject's reference is empty"),
        (b"x" * 257 + b",1,2,,US,yes,Acme\n", "id", "the subject's reference is longer than 256 characters"),
        (b'"p\n1",1,2,,US,yes,Acme\n', "id", "the subject's reference has control characters or blanks at its ends"),
        (b"p-1,31337.123,2,,US,yes,Acme\n", "salary", "more than 2 decimals"),
        (b'p-1,"31,337",2,,US,yes,Acme\n', "salary", "not a plain decimal number such as -12 or 1234.50"),
        (b"p-1,31337e1,2,,US,yes,Acme\n", "salary", "not a plain decimal number such as -12 or 1234.50"),
        (b"p-1,NaN,2,,US,yes,Acme\n", "salary", "not a plain decimal number such as -12 or 1234.50"),
        (b"p-1,-31337,2,,US,yes,Acme\n", "salary", "outside the schema's bounds, 0.00 to 1000000.00"),
        (b"p-1,3133731337,2,,US,yes,Acme\n", "salary", "outside the schema's bounds, 0.00 to 1000000.00"),
        (b"p-1,1,31.337,,US,yes,Acme\n", "age", "must be a whole number"),
        (b"p-1,1,2,31337,US,yes,Acme\n", "born", None),
        (b"p-1,1,2,2023-02-29,US,yes,Acme\n", "born", None),
        (b"p-1,1,2,,31337,yes,Acme\n", "country", "not one of the values the schema lists"),
        (b"p-1,1,2,,US,31337,Acme\n", "owns_home", "neither true, yes, 1 nor false, no, 0"),
        (b"p-1,1,2,,US,yes,A\x00cme31337\n", "employer", "contains a NUL"),
        (b"p-1,1,2,,US,yes,Caf\xe9 31337\n", "employer", "is not UTF-8 text"),
        (b"p-1,1,2,,US,yes," + b"31337" * 300 + b"\n", "employer", "a text has 1 to 1024 characters"),
        (b"p-1,,,,,,\n", None, "no attribute has a value"),
        (b'p-1,1,2,,US,yes,"Ac"me\n', None, "the row cannot be read: ',' expected after '\"'"),
        (b"p-1,1,2,,US,yes," + b"x" * 200_000 + b"\n", None, None),
        (b"p-1,1,2,,US,yes," + b"x" * (2 * MAX_LINE + 5) + b"\n", None, "a line is longer than 1,000,000 characters"),
    ],
)
def test_a_bad_row_is_rejected_alone_with_its_line_and_without_its_value(row, column, reason):
    before, reject, after = read(HEADER.encode() + b"a,1,2,,US,yes,Acme\n" + row + b"b,1,2,,US,yes,Acme\n")
    assert isinstance(before, Record)
    assert isinstance(after, Record)
    assert (reject.line, reject.column) == (3, column)
    assert reason is None or reason in reject.reason
    assert "31337" not in repr(reject)


def test_an_unclosed_quote_says_how_far_it_reached():
    rows = read(HEADER + 'p-1,1,2,,US,yes,"Acme\n' + "p-2,1,2,,US,yes,Acme\n" + "p-3,1,2,,US,yes,Acme\n")
    assert len(rows) == 1
    assert rows[0].line == 2
    assert rows[0].reason.endswith("(up to line 4)")


def test_a_subject_twice_keeps_the_first():
    first, second, third = read(HEADER + GOOD + GOOD.replace("40", "41") + GOOD.replace("p-1", "p-2"))
    assert isinstance(first, Record)
    assert second == Reject(3, "id", "the subject is already on line 2")
    assert isinstance(third, Record)


@pytest.mark.parametrize(
    ("mapping", "cell", "expected"),
    [
        ("income*1000=salary", "129.0", 12900000),
        ("income*1000=salary", "0.00001", 1),
        ("income*0.01=salary", "12345678", 12345678),
        ("income*1=salary", "7", 700),
        ("income*12.5=age", "8", 100),
        ("income=salary", "7.25", 725),
    ],
)
def test_a_factor_multiplies_exactly(mapping, cell, expected):
    (record,) = read(f"who,income\nx,{cell}\n", subject="who", mapping=[mapping])
    (value,) = encode(record, SCHEMA).values.values()
    assert value == expected


@pytest.mark.parametrize(
    ("mapping", "cell", "reason"),
    [
        ("income*1000=salary", "0.000001", "more than 2 decimals"),
        ("income*1000=salary", "x", "not a plain decimal number"),
        ("income*0.3=age", "1", "must be a whole number"),
    ],
)
def test_a_product_that_does_not_fit_is_rejected(mapping, cell, reason):
    (reject,) = read(f"who,income\nx,{cell}\n", subject="who", mapping=[mapping])
    assert (reject.line, reject.column) == (2, "income")
    assert reason in reject.reason


def test_a_column_named_as_an_attribute_maps_itself_unless_another_does():
    (record,) = read("who,age,real_age\nx,1,2\n", subject="who", mapping=["real_age=age"])
    assert record.values == {"age": "2"}
    (record,) = read("who,age,real_age\nx,1,2\n", subject="who")
    assert record.values == {"age": "1"}


def test_names_of_columns_may_hold_signs():
    (record,) = read("who,a=b*c\nx,2\n", subject="who", mapping=["a=b*c=age"])
    assert record.values == {"age": "2"}


@pytest.mark.parametrize(
    ("content", "arguments", "reason"),
    [
        (b"", {}, "no header"),
        (b"\n", {}, "no header"),
        ((HEADER + GOOD).encode("utf-16"), {}, "not UTF-8"),
        ((HEADER + GOOD).encode("utf-16-le"), {}, "not UTF-8"),
        (HEADER.replace("id", "caf\xe9").encode("latin-1"), {}, "not UTF-8"),
        (HEADER.replace(",", ";").encode(), {}, "commas"),
        (HEADER.replace(",", "\t").encode(), {}, "commas"),
        (HEADER.replace("age", "id").encode(), {}, "column 'id' twice"),
        (HEADER.encode(), {"subject": "person"}, "no column 'person'"),
        (HEADER.encode(), {"mapping": ["income=salary"]}, "no column 'income'"),
        (HEADER.encode(), {"mapping": ["salary=income"]}, "no attribute"),
        (HEADER.encode(), {"mapping": ["salary"]}, "not of the form"),
        (HEADER.encode(), {"mapping": ["=salary"]}, "not of the form"),
        (HEADER.encode(), {"mapping": ["salary="]}, "not of the form"),
        (HEADER.encode(), {"mapping": ["salary*0=salary"]}, "factor"),
        (HEADER.encode(), {"mapping": ["salary*1.2.3=salary"]}, "factor"),
        (HEADER.encode(), {"mapping": ["born*10=born"]}, "no number"),
        (HEADER.encode(), {"mapping": ["id=age", "salary=age"]}, "two mappings"),
        (b"id,note\n", {}, "no column is mapped"),
        (b'"id\n', {}, "header cannot be read"),
        (b"x" * (MAX_LINE + 1), {}, "header cannot be read"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_before_any_row(content, arguments, reason):
    with pytest.raises(ImportRefused, match=reason):
        read(content, **arguments)


@pytest.mark.parametrize("text", ["salary", "born*2=born"])
def test_a_source_names_the_mapping_at_fault(text):
    with pytest.raises(ImportRefused) as caught:
        Source.parse(text, SCHEMA)
    assert repr(text) in str(caught.value)


def test_records_do_not_show_their_values():
    (record,) = read(HEADER + GOOD)
    encoded = encode(record, SCHEMA)
    for secret in ("p-1", "100000", "10000050", "Acme"):
        assert secret not in f"{record!r}{record}{encoded!r}{encoded}"


@pytest.mark.parametrize(
    ("record", "column"),
    [
        (Record("p-1", {"bonus": "1"}), "bonus"),
        (Record("p-1", {"age": "x"}), "age"),
        (Record("p-1", {"age": ""}), "age"),
        (Record("", {"age": "1"}), None),
        (Record(" p-1", {"age": "1"}), None),
        (Record("p-1", {}), None),
    ],
)
def test_a_record_from_elsewhere_is_encoded_as_strictly(record, column):
    assert encode(Record("p-1", {"age": "1"}), SCHEMA).values == {"age": 1}
    reject = encode(record, SCHEMA)
    assert isinstance(reject, Reject)
    assert reject.column == column


CELLS = st.sampled_from(
    ["", "1", "-1", "x", '"', '""', '"a,b"', "\n", "\r", "\x00", "\ufeff", "\udcff", "2020-01-01", "US"]
)
ROWS = st.lists(st.lists(CELLS, max_size=8).map(",".join), max_size=12).map("\n".join)


@given(rows=ROWS, content=st.binary(max_size=200))
def test_whatever_comes_is_a_record_or_a_reject_in_the_order_of_the_file(rows, content):
    for tail in (rows.encode(errors="surrogateescape"), content):
        read_rows = read(HEADER.encode() + tail)
        lines = [row.line for row in read_rows]
        assert lines == sorted(set(lines))
        assert all(isinstance(row, Record | Reject) for row in read_rows)
        for record in read_rows:
            assert isinstance(record, Reject) or not isinstance(encode(record, SCHEMA), Reject)


@given(content=st.binary(max_size=200))
def test_whatever_a_file_is_it_is_read_or_refused(content):
    try:
        read(content)
    except ImportRefused:
        return


@pytest.mark.parametrize("content", [b"id,salary\na,1\nb,2\n", b"id,nothing\n", b""])
def test_the_file_is_left_open_for_whoever_opened_it(content):
    stream = io.BytesIO(content)
    with suppress(ImportRefused):
        list(read_records(stream, schema=SCHEMA, subject="id"))
    gc.collect()
    assert not stream.closed
