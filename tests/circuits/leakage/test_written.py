"""What was disclosed is written in one way, and read in no other."""

from decimal import Decimal

import pytest

from circuits.encoding import MAX_SAFE_INTEGER, canonical_json, parse_json
from circuits.errors import EncodingError
from circuits.leakage import Disclosed, written

TOLD = (
    Disclosed("salary", ((0, 9_999_999), (10_000_001, 1_000_000_000)), Decimal("1.50"), 100),
    Disclosed("name", ((0, 2**252 - 1),), Decimal("0.00"), None),
)
(GOOD, _) = written.to_json(TOLD)


def test_what_is_written_is_read():
    assert written.from_json(parse_json(canonical_json({"": written.to_json(TOLD)}))[""]) == TOLD
    assert written.from_json([]) == ()
    (huge,) = written.to_json([Disclosed("name", ((-5, 5),), Decimal(0), 2**200)])
    assert (huge["narrowest"], huge["bits"], huge["left"]) == (MAX_SAFE_INTEGER, "0.00", [["-5", "5"]])


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        [GOOD] * 65,
        [None],
        [{**GOOD, "extra": 1}],
        *([{k: v for k, v in GOOD.items() if k != key}] for key in GOOD),
        *([GOOD | {"attribute": wrong}] for wrong in (None, 1)),
        *([GOOD | {"bits": wrong}] for wrong in (None, 1, "1", "1.5", "01.50", "-1.50", "1.500", "1.50 ", "1000.00")),
        *([GOOD | {"narrowest": wrong}] for wrong in (True, -1, "1", 2**53)),
        *([GOOD | {"left": wrong}] for wrong in (None, [], ["01"], [[1, 2]], [["1"]], [["1", "2", "3"]], [["2", "1"]])),
        *([GOOD | {"left": wrong}] for wrong in ([["1", "2"], ["3", "4"]], [["5", "6"], ["1", "2"]], [["+1", "2"]])),
        *([GOOD | {"left": wrong}] for wrong in ([["1", "2 "]], [["00", "2"]], [["-0", "2"]], [["1", "9" * 81]])),
        [GOOD | {"left": [[str(2 * each), str(2 * each)] for each in range(1025)]}],
    ],
)
def test_nothing_else_is_read(wrong):
    assert written.from_json([GOOD]) == TOLD[:1]
    with pytest.raises(EncodingError):
        written.from_json(wrong)
