"""What can go wrong in the proof system, and who is to blame for it."""


class CircuitsError(Exception):
    """Base of every error this room raises on purpose."""


class ProofError(CircuitsError):
    """The prover is to blame: what it sent does not prove the statement.

    Attributes:
        indices: for a batch, the positions of every guilty item; empty for a single proof.
    """

    def __init__(self, message: str, indices: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.indices = indices


class ProofMalformed(ProofError):  # noqa: N818  # it reads as what the proof is
    """Refused while parsing, before any group operation: the bytes are not a proof of this shape."""


class ProofInvalid(ProofError):  # noqa: N818  # it reads as what the proof is
    """Well-formed bytes whose one equation does not hold."""


class StatementError(CircuitsError):
    """The caller is to blame: the builder refuses a statement that would mean nothing, or something else."""


class WitnessError(CircuitsError):
    """The prover's own values do not satisfy the statement; the message never contains a value."""


class TableError(CircuitsError):
    """A cached table of multiples is not what it must be, or others could change it."""


class EncodingError(CircuitsError, ValueError):
    """Bytes, text or JSON that are not the one canonical form."""


class SchemaError(CircuitsError):
    """An attribute schema that means nothing, or not one thing; its author is to blame.

    Attributes:
        path: where, in the manner of `attributes[2].max`.
        reason: what is wrong there.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type["SchemaError"], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class ValueRefused(CircuitsError):  # noqa: N818  # it reads as what happened: the value was refused
    """A value does not fit its attribute; the message names the attribute and the reason, never the value.

    Attributes:
        attribute: the attribute's name.
        reason: what the attribute would have accepted.
    """

    def __init__(self, attribute: str, reason: str) -> None:
        super().__init__(f"{attribute}: {reason}")
        self.attribute = attribute
        self.reason = reason

    def __reduce__(self) -> tuple[type["ValueRefused"], tuple[str, str]]:
        return type(self), (self.attribute, self.reason)


class PredicateError(CircuitsError):
    """A question the language does not accept; its author is to blame.

    Attributes:
        text: the question as written.
        position: where in it, counted in characters from 0.
        reason: what is wrong there.
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(f"{reason} (at character {position})")
        self.text = text
        self.position = position
        self.reason = reason

    def __reduce__(self) -> tuple[type["PredicateError"], tuple[str, int, str]]:
        return type(self), (self.text, self.position, self.reason)

    def pointer(self, width: int = 72) -> str:
        """Show the place: the text around it on one line, a caret under the character on the next."""
        start = max(0, min(self.position - width // 2, len(self.text) - width))
        shown = self.text[start : start + width]
        shown = "".join(c if c.isascii() and c.isprintable() else " " if c.isspace() else "?" for c in shown)
        return f"{shown}\n{' ' * (self.position - start)}^"


class PredicateSyntaxError(PredicateError):
    """The text is not a sentence of the language, or exceeds one of its limits."""


class PredicateTypeError(PredicateError):
    """A sentence of the language that means nothing under this schema, or that cannot be proven."""


class QueryError(CircuitsError):
    """A query that is not in its one form; whoever wrote it is to blame."""


class CredentialError(CircuitsError):
    """A signed object that is not what its issuer's key would have signed; the sender is to blame."""


class SignatureError(CredentialError):
    """A well-formed signed object whose signature, algorithm or key does not match."""


class ConsentRefused(CircuitsError):  # noqa: N818  # it reads as what happened
    """A query that its consent does not allow; who asks, or through whom, is to blame.

    Attributes:
        member: what of the consent it goes against.
    """

    def __init__(self, member: str, message: str) -> None:
        self.member = member
        super().__init__(message)
