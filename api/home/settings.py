"""The settings of both services as a home directory implies them; the environment has the last word on each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from api.home.directory import Home
from api.settings import ProverSettings, VerifierSettings
from verifier.log.note import NoteSigner
from verifier.soundness.seals import Sealer

VERIFIER_DATABASE: Final = "ZKATTEST_VERIFIER_DATABASE_URL"
VERIFIER_LOG_KEY: Final = "ZKATTEST_VERIFIER_LOG_KEY_FILE"
PROVER_DATABASE: Final = "ZKATTEST_PROVER_DATABASE_URL"


def log_database(home: Home, environment: Mapping[str, str]) -> str:
    """The address of the verifier's database: the environment's, or the file in the home."""
    return _found(VERIFIER_DATABASE, environment) or f"sqlite:///{home.log_database}"


def log_sealer(home: Home, environment: Mapping[str, str]) -> Sealer:
    """What seals the rows of the verifier's database: from the environment's log key, or the one in the home.

    Raises:
        OSError: there is no such file, or it cannot be read (the operator's fault).
        NoteError: it holds no private note key (the operator's fault).
    """
    key = Path(_found(VERIFIER_LOG_KEY, environment) or home.log_key)
    return Sealer.of(NoteSigner.from_skey(key.read_text("ascii").strip()))


def vault_database(home: Home, environment: Mapping[str, str]) -> str:
    """The address of the prover's database: the environment's, or the file in the home."""
    return _found(PROVER_DATABASE, environment) or f"sqlite:///{home.vault}"


def verifier_settings(home: Home, *, environment: Mapping[str, str]) -> VerifierSettings:
    """What the verifier of this home runs with.

    Raises:
        HomeError: the first run has not completed, or a file is open to others.
    """
    config, keys = home.config(), home.keys()
    return VerifierSettings(
        **_unless_set(
            "ZKATTEST_VERIFIER_",
            environment,
            database_url=log_database(home, environment),
            origin=config.origin,
            log_key_file=home.log_key,
            attestation_key_file=home.attestation_key,
            prover_keys={config.provider_id: keys["prove"]},
            witnesses=config.witnesses,
            cosigned_by=config.cosigned_by,
        )
    )


def prover_settings(home: Home, *, environment: Mapping[str, str]) -> ProverSettings:
    """What the prover of this home runs with.

    Raises:
        HomeError: the first run has not completed, or a file is open to others.
    """
    config, keys = home.config(), home.keys()
    return ProverSettings(
        **_unless_set(
            "ZKATTEST_PROVER_",
            environment,
            database_url=vault_database(home, environment),
            provider=config.provider_id,
            kek_file=home.kek,
            signing_key_file=home.signing_key,
            callers_file=home.callers,
            audiences=(config.origin,),
            verifier_url=config.verifier.url,
            verifier_key=keys["issue"],
        )
    )


def _found(name: str, environment: Mapping[str, str]) -> str | None:
    """A variable under its name in any case, as the settings themselves read it."""
    return next((value for found, value in environment.items() if found.upper() == name), None)


def _unless_set(prefix: str, environment: Mapping[str, str], **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - settings are of many types; pydantic checks each
    taken = {name.upper() for name in environment}
    return {name: value for name, value in settings.items() if f"{prefix}{name}".upper() not in taken}
