"""What the prover refuses, and who is to blame. No message ever holds a value, a reference or a key."""


class ProverError(Exception):
    """Anything this room refuses."""


class KeyRefused(ProverError):  # noqa: N818 - named for what became of the key
    """The key-encryption key is missing, malformed, readable by others or not this vault's (the operator's fault)."""


class VaultError(ProverError):
    """A sealed value does not open: it was changed, moved to another row, or sealed under another key."""


class SubjectUnknown(ProverError):  # noqa: N818 - a fact, told to the operator only
    """No such subject in this vault. Never shown to a verifier: see `Declined`."""


class ConsentRefused(ProverError):  # noqa: N818 - named for what became of the consent
    """A consent that cannot be written, or none to revoke (the operator's fault). Never shown to a verifier."""


class CursorRefused(ProverError):  # noqa: N818 - named for what became of the cursor
    """It leads to no page of the inquiries about this person (whoever sent it is to blame)."""


class ImportRefused(ProverError):  # noqa: N818 - named for what became of the import
    """A file that cannot be imported at all, a mapping or a schema that does not fit (the operator's fault)."""


class QueryRefused(ProverError):  # noqa: N818 - named for what became of the query
    """The query is not one this prover can answer, whoever the subject is (the verifier's fault).

    Depends on public parts of the query only, so it tells nothing about anyone in the vault.
    """


class Declined(ProverError):  # noqa: N818 - an outcome with a name of its own
    """The provider would not say. One message for every reason: from outside they are the same."""

    def __init__(self) -> None:
        super().__init__("the provider declines to answer")


class ProverUnavailable(ProverError):  # noqa: N818 - a state, not a fault of the caller
    """No proof could be made now; asking again later is safe."""
