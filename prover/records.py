"""Records: what a provider verified about one person, as text, and why one was refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from circuits.attributes import Schema
from circuits.errors import ValueRefused

MAX_REFERENCE = 256


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One person's verified attributes.

    Attributes:
        subject: the provider's own reference for the person, 1 to 256 printable characters.
        values: text by attribute name; an attribute that is missing here is absent, not false.
        line: where the record came from, for reports; 0 if from no file.
    """

    subject: str
    values: Mapping[str, str]
    line: int = 0

    def __repr__(self) -> str:
        return f"<Record of line {self.line} redacted>"


@dataclass(frozen=True, slots=True)
class Reject:
    """Why a record was refused: where and what, never the value.

    Attributes:
        line: the first line of the record, from 1.
        column: the file's column or the attribute; None if the whole record is at fault.
        reason: what would have been accepted.
    """

    line: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class EncodedRecord:
    """A record whose every value fits its attribute, as integers in the schema's order."""

    subject: str
    values: Mapping[str, int] = field(hash=False)
    line: int

    def __repr__(self) -> str:
        return f"<EncodedRecord of line {self.line} redacted>"


def encode(record: Record, schema: Schema) -> EncodedRecord | Reject:
    """Encode a record under a schema, or say what is wrong with the first thing that is."""
    if (reason := reference_fault(record.subject)) is not None:
        return Reject(record.line, None, reason)
    if unknown := [name for name in record.values if name not in schema]:
        return Reject(record.line, unknown[0][:64], "no attribute of that name in the schema")
    if not record.values:
        return Reject(record.line, None, "no attribute has a value")
    try:
        values = {
            attribute.name: attribute.encode(record.values[attribute.name])
            for attribute in schema.attributes
            if attribute.name in record.values
        }
    except ValueRefused as refused:
        return Reject(record.line, refused.attribute, refused.reason)
    return EncodedRecord(record.subject, values, record.line)


def reference_fault(subject: str) -> str | None:
    """What is wrong with a subject's reference, or None."""
    if not subject:
        return "the subject's reference is empty"
    if len(subject) > MAX_REFERENCE:
        return f"the subject's reference is longer than {MAX_REFERENCE} characters"
    if not subject.isprintable() or subject != subject.strip():
        return "the subject's reference has control characters or blanks at its ends"
    return None
