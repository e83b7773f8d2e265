"""The sandbox lender, and what everybody who is imported into a home lets it ask: to try things out, for nothing else.

A real relying party is shown a consent that a person gave (`attest prover consent grant`); nobody grants it any by
itself.
"""

from typing import Final

from api.home.directory import Config
from circuits.consent import Allowed
from prover.terms import Terms

LIFETIME: Final = 365 * 86_400
PURPOSE: Final = "credit-decision"
OFFERED: Final = ("debt * 100 <= salary * 40", "debt * 100 <= salary * 36")
"""Ratios, which the leakage rules allow only where they are offered: a salary is in them, and that has a ladder."""


def sandbox_terms(config: Config, *, now: int) -> Terms:
    """What the sandbox lender may ask about each person of a home: anything, and yes or no without reasons.

    Args:
        config: of the home.
        now: Unix seconds.
    """
    return Terms(
        relying_party=config.relying_party,
        via=config.origin,
        purpose=PURPOSE,
        expires_at=now + LIFETIME,
        allowed=Allowed(questions=OFFERED),
    )
