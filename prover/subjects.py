"""What a person may do with what is held about them: see who asked, dispute, erase. A token shows that it is they.

A token is `zks_` and 32 random bytes; only its keyed hash is stored. The provider's operator gives it to the person,
who was identified to begin with. It is good until it is taken back, or the person erased.
"""

import re
from typing import Final

from sqlalchemy import Engine, insert, select, update

from circuits.encoding import b64u
from prover import inquiries, people
from prover.catalogue import Catalogue
from prover.inquiries import Page
from prover.insight import Insight, insights
from prover.models import SUBJECTS, TOKENS
from prover.vault import Entropy, SealedSubject, Vault

PREFIX: Final = "zks_"
_SECRET: Final = 32
_TOKEN: Final = re.compile(r"zks_[A-Za-z0-9_-]{43}")


class Subjects:
    """Opens a provider's vault to its people, each to what is theirs. Thread-safe."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        """Args: the migrated database and its vault."""
        self._engine = engine
        self._vault = vault
        self.schemas: Final = Catalogue(engine)

    def issue_token(self, reference: str, *, now: int, entropy: Entropy) -> str:
        """Make a token for a person; those they have stay good. It is shown once.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
        """
        token = PREFIX + b64u(entropy(_SECRET))
        with self._engine.begin() as connection:
            whose = people.hold(connection, self._vault, reference)
            row = {"digest": self._vault.token_lookup(token), "subject_id": whose.id, "created_at": now}
            connection.execute(insert(TOKENS).values(row))
        return token

    def revoke_tokens(self, reference: str, *, now: int) -> int:
        """Take back all tokens of a person; returns how many that were.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
        """
        with self._engine.begin() as connection:
            whose = people.hold(connection, self._vault, reference)
            theirs = (TOKENS.c.subject_id == whose.id) & TOKENS.c.revoked_at.is_(None)
            return connection.execute(update(TOKENS).where(theirs).values(revoked_at=now)).rowcount

    def holder(self, token: str) -> str:
        """The reference of whoever holds a token.

        Raises:
            SubjectUnknown: nobody does, any more or ever (the caller's fault).
            VaultError: the vault was tampered with.
        """
        return self._vault.reference(self._holder(token))

    def inquiries(self, token: str, *, limit: int, after: str | None = None) -> Page:
        """What was asked about the holder of a token, newest first: see prover.inquiries.page. Raises as holder does.

        Raises:
            CursorRefused: `after` is no `next` of theirs (the caller's fault).
        """
        return inquiries.page(self._engine, self._vault, self._holder(token), limit=limit, after=after)

    def inquiries_about(self, reference: str, *, limit: int, after: str | None = None) -> Page:
        """What was asked about a subject, for the operator's eyes. Raises as inquiries does."""
        return inquiries.page(self._engine, self._vault, self._known(reference), limit=limit, after=after)

    def insights(self, token: str) -> list[Insight]:
        """What each relying party knows of the holder of a token, from answers. Raises as holder does."""
        return self._insights(self._holder(token))

    def insights_about(self, reference: str) -> list[Insight]:
        """What each relying party knows of a subject, for the operator's eyes. Raises as holder does."""
        return self._insights(self._known(reference))

    def disputed_at(self, token: str) -> int | None:
        """Since when the holder of a token disputes what is held of them; None: they do not. Raises as holder does."""
        holder = SUBJECTS.c.id == self._holder(token).id
        with self._engine.connect().execution_options(reading=True) as connection:
            return connection.scalar(select(SUBJECTS.c.disputed_at).where(holder))

    def dispute(self, token: str, *, since: int) -> None:
        """Note that the holder of a token disputes what is held of them. Raises as holder does."""
        self._vault.dispute(self._engine, self.holder(token), since=since)

    def disputes(self) -> list[tuple[str, int]]:
        """Who disputes what is held of them, and since when (Unix seconds), the longest first; for the operator's eyes.

        Raises:
            VaultError: the vault was tampered with.
        """
        theirs = SUBJECTS.c.disputed_at.is_not(None) & SUBJECTS.c.lookup.is_not(None)
        chosen = select(*people.COLUMNS, SUBJECTS.c.disputed_at).where(theirs).order_by(SUBJECTS.c.disputed_at)
        with self._engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(chosen).all()
        return [(self._vault.reference(people.read(row)), row.disputed_at) for row in rows]

    def settle(self, reference: str) -> None:
        """Note that a person's dispute is settled: for the provider's operator, who looked into it.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
        """
        self._vault.dispute(self._engine, reference, since=None)

    def _insights(self, whose: SealedSubject) -> list[Insight]:
        with self._engine.connect().execution_options(reading=True) as connection:
            return insights(connection, self._vault, whose, self.schemas.within(connection))

    def _known(self, reference: str) -> SealedSubject:
        with self._engine.connect().execution_options(reading=True) as connection:
            return people.find(connection, self._vault, reference)

    def _holder(self, token: str) -> SealedSubject:
        wanted = self._vault.token_lookup(token if _TOKEN.fullmatch(token) else "")
        theirs = select(TOKENS.c.subject_id).where(TOKENS.c.digest == wanted, TOKENS.c.revoked_at.is_(None))
        with self._engine.connect().execution_options(reading=True) as connection:
            return people.find_where(connection, SUBJECTS.c.id.in_(theirs))
