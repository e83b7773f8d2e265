"""What relying parties know about a person from the answers they had: for that person's eyes.

It is the knowledge that questions are decided by (prover.knowledge), under names that people know. A relying party is
named as in the person's consents, of which every inquiry had one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from circuits.attributes import Attribute, Schema
from circuits.jws import peek
from circuits.leakage import Knowledge
from circuits.leakage.cuts import alone, pieces
from circuits.predicate.nodes import Form
from circuits.telling.intervals import Intervals
from prover.catalogue import Schemas
from prover.knowledge import Learnt, find
from prover.models import CONSENTS, CREDENTIALS, KNOWLEDGE
from prover.vault import SealedSubject, Vault


@dataclass(frozen=True, slots=True, repr=False)
class Fact:
    """What is known of an attribute, or of a form of several.

    Attributes:
        form: which, by the names in the insight's schema.
        left: what stays possible, encoded.
        narrowest: values in the narrowest set that was ever told apart; None of a form, and where nothing is promised.
    """

    form: Form
    left: Intervals
    narrowest: int | None

    def __repr__(self) -> str:
        return "<Fact redacted>"


@dataclass(frozen=True, slots=True, repr=False)
class Insight:
    """What a relying party knows.

    Attributes:
        relying_party: who; None: all of them together.
        schema: the attributes it is about, of whichever schema.
        facts: of each attribute that was asked about, then of each form.
    """

    relying_party: str | None
    schema: Schema
    facts: tuple[Fact, ...]

    def __repr__(self) -> str:
        return "<Insight redacted>"


def insights(connection: Connection, vault: Vault, subject: SealedSubject, schemas: Schemas) -> list[Insight]:
    """List what each relying party knows, by name, and what all know together, if there are several.

    Raises:
        VaultError: the vault was tampered with.
    """
    notes = vault.notes(subject)
    consents = select(CONSENTS.c.id, CONSENTS.c.sealed).where(CONSENTS.c.subject_id == subject.id)
    tokens = [notes.open(bytes(row.sealed), of=bytes(row.id)).decode() for row in connection.execute(consents)]
    names = {vault.party_lookup(subject.lookup, name): name for name in {peek(token)["aud"] for token in tokens}}
    current = select(CREDENTIALS.c.id).where(
        CREDENTIALS.c.subject_id == subject.id, CREDENTIALS.c.superseded_at.is_(None)
    )
    held = frozenset(connection.scalars(current))
    kept = select(KNOWLEDGE.c.party, KNOWLEDGE.c.sealed).where(KNOWLEDGE.c.subject_id == subject.id)
    found: list[Insight] = []
    for row in connection.execute(kept):
        party = bytes(row.party)
        learnt = Learnt.from_bytes(notes.open(bytes(row.sealed), of=party))
        found.append(_insight(names.get(party), learnt, held, schemas))
    several = len(found) > 2  # noqa: PLR2004 - two, and all together
    return sorted(
        (each for each in found if several or each.relying_party is not None),
        key=lambda each: (each.relying_party is None, each.relying_party or ""),
    )


def _insight(party: str | None, learnt: Learnt, held: frozenset[str], schemas: Schemas) -> Insight:
    attributes = {full: _of(schemas(source.schema), full) for full, source in learnt.sources.items()}
    shown = _shown(attributes)
    gone = [full for full, source in learnt.sources.items() if source.credential not in held]
    known = learnt.known.without(gone).renamed(shown)
    schema = Schema("known", 1, tuple(replace(each, name=shown[full]) for full, (_, each) in attributes.items()))
    single = (alone(each.name) for each in schema)
    several = (form for form in sorted(known.possible) if len(form) > 1)
    return Insight(party, schema, tuple(_fact(form, known, schema) for form in (*single, *several)))


def _fact(form: Form, known: Knowledge, schema: Schema) -> Fact:
    left = known.left(form, schema)
    promise = schema.attribute(form[0][1]).disclosure if len(form) == 1 else None
    widths = (high - low + 1 for low, high in pieces(left, known.cuts.get(form, ())))
    return Fact(form, left, min(widths) if promise and promise.residual else None)


def _of(schema: Schema, full: str) -> tuple[str, Attribute]:
    return schema.name, find(schema, full)


def _shown(attributes: Mapping[str, tuple[str, Attribute]]) -> dict[str, str]:
    """Name each attribute as briefly as tells it from the others."""
    ways: tuple[Callable[[str, str, Attribute], str], ...] = (
        lambda _full, _schema, each: each.name,
        lambda _full, schema, each: f"{schema}/{each.name}",
        lambda full, _schema, _each: full,
    )
    named: dict[str, str] = {}
    for way in ways:
        names = {full: way(full, *each) for full, each in attributes.items()}
        named |= {full: name for full, name in names.items() if full not in named and _once(name, names.values())}
    return named


def _once(name: str, names: Iterable[str]) -> bool:
    return sum(other == name for other in names) == 1
