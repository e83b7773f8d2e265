"""One attribute: its type, its bounds, and the one integer that stands for each of its values.

Encodings: money in minor units, integers as they are, dates as day numbers, an enum as its place in the list, bool as
0 or 1, text as a hash (equality and membership only). A commitment commits to this integer and nothing else.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from circuits import calendar
from circuits.currencies import decimals
from circuits.errors import EncodingError, ValueRefused

MAX_INTEGER = 2**63 - 1
TEXT_DOMAIN = b"zkattest/text/1"
TEXT_BYTES = 31
MAX_TEXT = 1024
FIRST_DATE, LAST_DATE = "1900-01-01", "2199-12-31"

_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,30})(?:\.([0-9]{1,30}))?\Z")
_BOOLS = {"true": 1, "yes": 1, "1": 1, "false": 0, "no": 0, "0": 0}
_UNSTABLE = {"Cc", "Cn", "Cs"}  # control characters, and those whose normal form may still change


class AttributeType(StrEnum):
    """What kind of value an attribute holds."""

    MONEY = "money"
    INTEGER = "integer"
    DATE = "date"
    ENUM = "enum"
    BOOL = "bool"
    TEXT = "text"


ORDERED = (AttributeType.MONEY, AttributeType.INTEGER, AttributeType.DATE)
"""The types with a before and an after; the others know equality only."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How much answers may tell about an attribute.

    Attributes:
        residual: width, encoded, below which no relying party may narrow the value; None if not limited.
        ladder: the thresholds that may be asked, encoded and ascending; empty if any may.
    """

    residual: int | None
    ladder: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a schema.

    Attributes:
        name: lower case, digits and underscores; the word a predicate uses.
        type: the kind of value.
        currency: ISO 4217 code, money only.
        period: the unit of time money is counted per ("year"), or None.
        minimum, maximum: bounds of the encoded integer, inclusive.
        values: an enum's values, in the order that encodes them.
        disclosure: how much answers may tell, or None.
    """

    name: str
    type: AttributeType
    minimum: int
    maximum: int
    currency: str | None = None
    period: str | None = None
    values: tuple[str, ...] = ()
    disclosure: Disclosure | None = None

    @property
    def width(self) -> int:
        """Bits n with maximum - minimum < 2^n."""
        return (self.maximum - self.minimum).bit_length()

    @property
    def decimals(self) -> int:
        """Decimals of the amounts: those of the currency, 0 for what is not money."""
        return 0 if self.currency is None else decimals(self.currency)

    def encode(self, text: str) -> int:
        """Encode a value as written in a record: `100000.50`, `2008-11-22`, `US`, `yes`.

        Raises:
            ValueRefused: it does not fit; the message never contains the value (whoever wrote the record is to blame).
        """
        match self.type:
            case AttributeType.MONEY | AttributeType.INTEGER:
                encoded = self._decimal(text)
            case AttributeType.DATE:
                encoded = self._date(text)
            case AttributeType.ENUM:
                if text not in self.values:
                    raise ValueRefused(self.name, "not one of the values the schema lists")
                return self.values.index(text)
            case AttributeType.BOOL:
                if text.lower() not in _BOOLS:
                    raise ValueRefused(self.name, "neither true, yes, 1 nor false, no, 0")
                return _BOOLS[text.lower()]
            case AttributeType.TEXT:
                return self._text(text)
        if not self.minimum <= encoded <= self.maximum:
            bounds = f"{self.decode(self.minimum)} to {self.decode(self.maximum)}"
            raise ValueRefused(self.name, f"outside the schema's bounds, {bounds}")
        return encoded

    def decode(self, encoded: int) -> str:
        """Write an encoded value; the inverse of encode up to spelling.

        Raises:
            ValueRefused: a text, of which only the hash is left, or no value of this type (the caller's fault).
        """
        match self.type:
            case AttributeType.MONEY | AttributeType.INTEGER:
                return decimal_text(encoded, self.decimals)
            case AttributeType.DATE if calendar.FIRST_DAY <= encoded <= calendar.LAST_DAY:
                return calendar.iso(encoded)
            case AttributeType.ENUM if 0 <= encoded < len(self.values):
                return self.values[encoded]
            case AttributeType.BOOL if encoded in (0, 1):
                return "true" if encoded else "false"
        raise ValueRefused(self.name, f"the number encodes no {self.type} that could be written")

    def to_json(self) -> dict[str, Any]:
        """Describe the attribute as in a schema's JSON, in normal form."""
        members: dict[str, Any] = {"name": self.name, "type": str(self.type)}
        if self.type in ORDERED:
            members |= {"min": self.decode(self.minimum), "max": self.decode(self.maximum)}
        if self.currency is not None:
            members["currency"] = self.currency
        if self.period is not None:
            members["period"] = self.period
        if self.values:
            members["values"] = list(self.values)
        if self.disclosure is not None:
            members["disclosure"] = self._disclosure_json(self.disclosure)
        return members

    def _disclosure_json(self, disclosure: Disclosure) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if disclosure.residual is not None:
            members["residual"] = decimal_text(disclosure.residual, self.decimals)
        if disclosure.ladder:
            members["ladder"] = [self.decode(threshold) for threshold in disclosure.ladder]
        return members

    def _decimal(self, text: str) -> int:
        try:
            return parse_decimal(text, self.decimals)
        except EncodingError as error:
            raise ValueRefused(self.name, str(error)) from None

    def _date(self, text: str) -> int:
        try:
            return calendar.day_number(text)
        except EncodingError as error:
            raise ValueRefused(self.name, str(error)) from None

    def _text(self, text: str) -> int:
        try:
            return text_scalar(text)
        except EncodingError as error:
            raise ValueRefused(self.name, str(error)) from None


def parse_decimal(text: str, places: int) -> int:
    """Parse a plain decimal number exactly, in units of 10^-places: `129.0` is 129 with no places.

    Raises:
        EncodingError: another way of writing numbers, or more decimals than there are places (the sender's fault).
    """
    match = _DECIMAL.match(text)
    if match is None:
        raise EncodingError("not a plain decimal number such as -12 or 1234.50")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if fraction[places:].strip("0"):
        raise EncodingError("must be a whole number" if places == 0 else f"more than {places} decimals")
    number = int(whole + fraction[:places].ljust(places, "0"))
    return -number if sign else number


def decimal_text(number: int, places: int) -> str:
    """Write a number of units of 10^-places with exactly so many decimals: (12345, 2) is `123.45`."""
    if places == 0:
        return str(number)
    digits = str(abs(number)).rjust(places + 1, "0")
    return f"{'-' * (number < 0)}{digits[:-places]}.{digits[-places:]}"


def normal_text(text: str) -> str:
    """Bring a text to Unicode normal form NFC.

    Raises:
        EncodingError: empty, longer than 1,024 characters, or with control or unassigned characters (the sender's
            fault): the normal form of an unassigned character may change with the next version of Unicode.
    """
    if not 1 <= len(text) <= MAX_TEXT:
        raise EncodingError(f"a text has 1 to {MAX_TEXT} characters")
    normal = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(character) in _UNSTABLE for character in normal):
        raise EncodingError("a text has no control characters and none unknown to Unicode")
    return normal


def text_scalar(text: str) -> int:
    """Hash a text, after NFC, to 248 bits, so that it is a constant any circuit accepts (below 2^250).

    Equal numbers mean equal texts: SHA-256 cut to 31 bytes still takes 2^124 work to collide.

    Raises:
        EncodingError: see normal_text.
    """
    return int.from_bytes(hashlib.sha256(TEXT_DOMAIN + normal_text(text).encode()).digest()[:TEXT_BYTES], "big")
