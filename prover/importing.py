"""Reading records from CSV (RFC 4180, UTF-8): streaming, row by row, every row a record or a reject with its line.

What is wrong with the file as a whole (its encoding, its header, a mapping that does not fit) refuses the import before
any row is read; what is wrong with a row rejects that row and no other.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from circuits.attributes import AttributeType, Schema
from circuits.errors import EncodingError, ValueRefused
from circuits.values import decimal_text, parse_decimal
from prover.errors import ImportRefused
from prover.records import Record, Reject, reference_fault

MAX_LINE = 1_000_000
_PLACES = 30  # as many decimals as a value may be written with
_SCALED = re.compile(r"(?P<column>.+)\*(?P<factor>[0-9.]+)\Z", re.DOTALL)
_NUMBERS = (AttributeType.MONEY, AttributeType.INTEGER)
_SPOILT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an attribute comes from: a column, times `factor * 10^-scale` (thousands, percent)."""

    attribute: str
    column: str
    factor: int = 1
    scale: int = 0

    @classmethod
    def parse(cls, text: str, schema: Schema) -> "Source":
        """Parse `column=attribute` or `column*1000=attribute`.

        Raises:
            ImportRefused: another form, no such attribute, or a factor for what is no number (the operator's fault).
        """
        column, equals, attribute = text.rpartition("=")
        if not equals or not column or not attribute:
            raise ImportRefused(f"the mapping {text!r} is not of the form column=attribute or column*1000=attribute")
        if attribute not in schema:
            raise ImportRefused(f"the mapping {text!r} names no attribute of the schema {schema.name}")
        scaled = _SCALED.match(column)
        if scaled is None:
            return cls(attribute, column)
        places = len(scaled["factor"].partition(".")[2])
        try:
            factor = parse_decimal(scaled["factor"], places)
        except EncodingError:
            factor = 0
        if factor == 0:
            raise ImportRefused(f"the mapping {text!r} has a factor that is no positive decimal number")
        if schema.attribute(attribute).type not in _NUMBERS:
            raise ImportRefused(f"the mapping {text!r} multiplies an attribute that is no number")
        return cls(attribute, scaled["column"], factor, places)

    def convert(self, text: str) -> str:
        """Apply the factor, exactly. Raises EncodingError: no plain decimal number (the record's fault)."""
        if self.factor == 1 and self.scale == 0:
            return text
        product = decimal_text(parse_decimal(text, _PLACES) * self.factor, _PLACES + self.scale)
        return product.rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column holds the subject's reference and which columns become attributes, by position."""

    header: tuple[str, ...]
    subject: int
    sources: tuple[tuple[int, Source], ...]

    @classmethod
    def draw(cls, header: Sequence[str], *, schema: Schema, subject: str, mapping: Sequence[str]) -> "Plan":
        """Fit a mapping to a header; a column named as an attribute maps to it unless another does.

        Raises:
            ImportRefused: a column twice or not there, an attribute twice, or nothing to import (the operator's fault).
        """
        names = tuple(name.strip() for name in header)
        for name in names:
            if name and names.count(name) > 1:
                raise ImportRefused(f"the header has the column {name!r} twice")
        sources = [Source.parse(text, schema) for text in mapping]
        taken = [source.attribute for source in sources]
        if twice := [name for name in taken if taken.count(name) > 1]:
            raise ImportRefused(f"two mappings lead to the attribute {twice[0]}")
        sources += [Source(name, name) for name in names if name in schema and name not in taken and name != subject]
        for column in (subject, *(source.column for source in sources)):
            if column not in names:
                raise ImportRefused(f"the file has no column {column!r}; its columns are: {_listed(names)}")
        if not sources:
            raise ImportRefused(f"no column is mapped to an attribute; the file's columns are: {_listed(names)}")
        return cls(names, names.index(subject), tuple((names.index(source.column), source) for source in sources))


def read_records(
    stream: BinaryIO, *, schema: Schema, subject: str, mapping: Sequence[str] = ()
) -> Iterator[Record | Reject]:
    """Read a CSV file row by row.

    Args:
        stream: the file, opened in binary.
        schema: what the values must fit.
        subject: the column with the provider's reference for the person.
        mapping: `column=attribute` or `column*1000=attribute`, as typed.

    Returns:
        An iterator over records, whose values fit the schema, and rejects, in the order of the file. Blank lines are
        neither.

    Raises:
        ImportRefused: at once, before any row: see the module's text (the operator's fault).
    """
    lines = _Lines(io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline=""))
    rows = csv.reader(lines, strict=True)
    try:
        plan = _read_header(rows, schema=schema, subject=subject, mapping=mapping)
    except BaseException:
        lines.detach()
        raise
    return _read_rows(rows, lines, plan, schema)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What an import passes over: columns that lead to no attribute, and attributes that no column leads to."""

    columns: tuple[str, ...]
    attributes: tuple[str, ...]


def leftovers(stream: BinaryIO, *, schema: Schema, subject: str, mapping: Sequence[str] = ()) -> Leftovers:
    """Say what `read_records` would pass over, from the header alone.

    Raises:
        ImportRefused: as `read_records`.
    """
    lines = _Lines(io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline=""))
    try:
        plan = _read_header(csv.reader(lines, strict=True), schema=schema, subject=subject, mapping=mapping)
    finally:
        lines.detach()
    used = {plan.subject, *(position for position, _ in plan.sources)}
    given = {source.attribute for _, source in plan.sources}
    return Leftovers(
        tuple(name for position, name in enumerate(plan.header) if name and position not in used),
        tuple(attribute.name for attribute in schema if attribute.name not in given),
    )


def _read_header(rows: Iterator[list[str]], *, schema: Schema, subject: str, mapping: Sequence[str]) -> Plan:
    try:
        header = next(rows, None)
    except (csv.Error, _LineError) as error:
        raise ImportRefused(f"the header cannot be read: {error}") from None
    if not header:
        raise ImportRefused("the file has no header line")
    if any(_SPOILT.search(name) for name in header):
        raise ImportRefused("the file is not UTF-8 text: save it as CSV UTF-8")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        raise ImportRefused("the columns are not separated by commas: save the file with commas")
    return Plan.draw(header, schema=schema, subject=subject, mapping=mapping)


def _read_rows(rows: Iterator[list[str]], lines: "_Lines", plan: Plan, schema: Schema) -> Iterator[Record | Reject]:
    try:
        yield from _rows(rows, lines, plan, schema)
    finally:
        lines.detach()


def _rows(rows: Iterator[list[str]], lines: "_Lines", plan: Plan, schema: Schema) -> Iterator[Record | Reject]:
    seen: dict[bytes, int] = {}
    while True:
        first = lines.count + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except (csv.Error, _LineError) as error:
            until = f" (up to line {lines.count})" if lines.count > first else ""
            yield Reject(first, None, f"the row cannot be read: {error}{until}")
            continue
        if not row:
            continue
        try:
            record = _parse_row(row, first, plan, schema)
        except _RowError as error:
            yield Reject(first, error.column, error.reason)
            continue
        key = hashlib.blake2b(record.subject.encode(), digest_size=16).digest()
        if (earlier := seen.setdefault(key, first)) != first:
            yield Reject(first, plan.header[plan.subject], f"the subject is already on line {earlier}")
        else:
            yield record


def _parse_row(row: Sequence[str], line: int, plan: Plan, schema: Schema) -> Record:
    _check_text(row, plan)
    subject = row[plan.subject].strip()
    if (fault := reference_fault(subject)) is not None:
        raise _RowError(plan.header[plan.subject], fault)
    values = {source.attribute: _value(row[position], source, schema) for position, source in plan.sources}
    present = {attribute: text for attribute, text in values.items() if text}
    if not present:
        raise _RowError(None, "no attribute has a value")
    return Record(subject, present, line)


def _check_text(row: Sequence[str], plan: Plan) -> None:
    if len(row) != len(plan.header):
        raise _RowError(None, f"{len(row)} columns where the header has {len(plan.header)}")
    for name, cell in zip(plan.header, row, strict=True):
        if spoilt := _SPOILT.search(cell):
            raise _RowError(name, "contains a NUL" if spoilt[0] == "\x00" else "is not UTF-8 text")


def _value(cell: str, source: Source, schema: Schema) -> str:
    """Convert a cell; empty if it is. Raises _RowError if it does not fit its attribute."""
    text = cell.strip()
    if not text:
        return ""
    try:
        text = source.convert(text)
        schema.attribute(source.attribute).encode(text)
    except ValueRefused as refused:
        raise _RowError(source.column, refused.reason) from None
    except EncodingError as refused:
        raise _RowError(source.column, str(refused)) from None
    return text


class _RowError(Exception):
    def __init__(self, column: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


class _LineError(Exception):
    """A line that would not fit in memory, were it read."""


class _Lines:
    """A text's lines, counted; one that is too long is passed over, not kept."""

    __slots__ = ("_text", "count")

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.count = 0

    def detach(self) -> None:
        """Leave the stream to whoever opened it, open as it was."""
        self._text.detach()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) < MAX_LINE or line.endswith(("\n", "\r")):
            return line
        while (rest := self._text.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
            pass
        raise _LineError(f"a line is longer than {MAX_LINE:,} characters")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"
