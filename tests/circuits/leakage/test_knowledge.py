"""What is known of a person's value is personal: it is in bytes that are sealed or signed, and in no message."""

from decimal import Decimal

from circuits.leakage import Disclosed, Known
from circuits.leakage.cuts import alone
from circuits.leakage.knowledge import Knowledge
from prover.insight import Fact

LEFT = ((8_312_345, 8_765_432),)
KNOWN = Knowledge({alone("debt"): (8_312_345,)}, {alone("debt"): LEFT})


def test_what_is_known_is_not_printed():
    assert Knowledge.from_bytes(KNOWN.to_bytes()) == KNOWN
    assert b"8312345" in KNOWN.to_bytes()
    for each in (
        KNOWN,
        Known(KNOWN, KNOWN),
        Disclosed("debt", LEFT, Decimal("1.00"), 1_000),
        Fact(alone("debt"), LEFT, 1_000),
    ):
        assert "redacted" in repr(each)
        assert "8312345" not in repr(each).replace("_", "")
