"""Settings of both services, from the environment (`ZKATTEST_PROVER_*`, `ZKATTEST_VERIFIER_*`) or given in code.

Secrets are files or `SecretStr`: neither `repr` nor an error shows them.
"""

from pathlib import Path
from typing import Annotated

from limits import parse_many
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from verifier.errors import NoteError
from verifier.witnesses.cosigning import MAX_WITNESSES, CosignatureVerifier, Quorum

Seconds = Annotated[float, Field(gt=0, le=600)]


def _limits(text: str) -> str:
    parse_many(text)
    return text


Limits = Annotated[str, AfterValidator(_limits)]


class ApplicationSettings(BaseSettings):
    """What every application has: bounds."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    rate_limit: Limits = "500/second"
    """Per API key, in the notation of the limits library: `100/minute`, `10/second;2000/hour`."""
    body_limit: Annotated[int, Field(ge=1024)] = 1 << 20
    batch_body_limit: Annotated[int, Field(ge=1024)] = 16 << 20


class ServiceSettings(ApplicationSettings):
    """What both services have in common."""

    database_url: SecretStr
    migrate: bool = True
    """Bring the database to the newest revision at the start; if not, refuse to start on an older one."""
    failed_logins: Limits = "300/minute"
    """Per address, for requests without a valid key."""
    key_cache: Annotated[float, Field(ge=0, le=60)] = 1.0
    """Seconds for which a key once found is trusted: a revocation binds after that long at the latest."""
    tables: Path | None = None
    """Directory of the precomputed tables; the user's cache directory unless told."""


class WitnessAddress(BaseModel):
    """A witness whose cosignatures are collected: where it is asked, and its public key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://[^\s?#]{1,500}$")]
    """Its submission prefix: `/add-checkpoint` follows."""
    vkey: Annotated[str, Field(max_length=400)]

    @field_validator("vkey")
    @classmethod
    def _is_key(cls, vkey: str) -> str:
        try:
            CosignatureVerifier.from_vkey(vkey)
        except NoteError as error:
            raise ValueError(str(error)) from None
        return vkey

    @property
    def verifier(self) -> CosignatureVerifier:
        """The key."""
        return CosignatureVerifier.from_vkey(self.vkey)


class VerifierSettings(ServiceSettings):
    """The verifier: asks provers, checks, attests, logs."""

    model_config = SettingsConfigDict(env_prefix="ZKATTEST_VERIFIER_")

    origin: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9./:-]{0,199}$")]
    """Name of the log and audience of every query; part of what is signed. It never changes."""
    log_key_file: Path
    attestation_key_file: Path
    prover_keys: dict[str, SecretStr] = {}
    """Bearer key by provider id, for the hop to that provider's prover. Addresses come from the log alone."""
    prover_timeout: Seconds = 10.0
    prover_connections: Annotated[int, Field(ge=1, le=1024)] = 32
    query_lifetime: Annotated[int, Field(ge=5, le=3600)] = 60
    public_url: Annotated[str | None, Field(pattern=r"^https?://[A-Za-z0-9][A-Za-z0-9.:/_~-]*[A-Za-z0-9]$")] = None
    """What clients write before `/v1/...`, part of what they sign. Unless told, the address that a request names."""
    require_signatures: bool = False
    """Questions count only if their relying party signed them; API keys open everything else."""
    witnesses: Annotated[tuple[WitnessAddress, ...], Field(max_length=MAX_WITNESSES)] = ()
    """Witnesses that are asked to cosign checkpoints: `[{"url": "https://...", "vkey": "..."}]`."""
    cosigned_by: Annotated[int | None, Field(ge=1)] = None
    """How many of them must have cosigned the checkpoint that is shown; all unless told."""
    witness_timeout: Seconds = 5.0
    witness_pause: Seconds = 1.0
    """Seconds between two rounds: about how far the cosigned checkpoint is behind."""

    @model_validator(mode="after")
    def _one_quorum(self) -> "VerifierSettings":
        try:
            self.quorum  # noqa: B018 - whatever is wrong with it is said now
        except NoteError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def quorum(self) -> Quorum | None:
        """The witnesses' keys, and how many of them it takes; None without witnesses."""
        if not self.witnesses:
            return None
        keys = tuple(each.verifier for each in self.witnesses)
        return Quorum(keys, len(keys) if self.cosigned_by is None else self.cosigned_by)


class ProverSettings(ServiceSettings):
    """The prover: keeps the vault, issues credentials, answers with proofs."""

    model_config = SettingsConfigDict(env_prefix="ZKATTEST_PROVER_")

    provider: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    kek_file: Path | None = None
    kek: SecretStr | None = None
    """The key-encryption key itself (`zkattest-kek-1 <base64url>`), where files are not wanted."""
    signing_key_file: Path
    callers_file: Path
    """Who may call this prover (see `api.web.keyring`): verifiers with the scope `prove`, operators with `admin`."""
    audiences: tuple[str, ...]
    """Origins of the verifiers this prover answers."""
    verifier_url: str | None = None
    """Where new credentials are registered; none: nothing is registered from here."""
    verifier_key: SecretStr | None = None
    verifier_timeout: Seconds = 30.0
    registration_pause: Seconds = 0.5
    """How long the registration sleeps when nothing is pending."""
    workers: Annotated[int, Field(ge=1, le=256)] = 2
    proving_timeout: Seconds = 10.0
    decline_after_ms: Annotated[int, Field(ge=1, le=10_000)] = 250
    """What is declined is told after this long, or the multiple of it that the slowest take: no time says why."""
    shared_budget: bool = False
    """One budget for all relying parties together: a refusal tells one of them that others asked something near."""

    @model_validator(mode="after")
    def _one_key(self) -> "ProverSettings":
        if (self.kek is None) == (self.kek_file is None):
            raise ValueError("set exactly one of kek_file and kek")
        if (self.verifier_url is None) != (self.verifier_key is None):
            raise ValueError("verifier_url and verifier_key go together")
        return self
