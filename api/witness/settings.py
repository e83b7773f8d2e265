"""Settings of a witness, given in code: the command line names the logs, the home holds key and memory."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from api.settings import ApplicationSettings, Limits
from verifier.witnesses.witness import MAX_REQUEST


class WitnessSettings(ApplicationSettings):
    """The witness: whose checkpoints it cosigns, and where it remembers the last of each."""

    model_config = SettingsConfigDict(env_prefix="ZKATTEST_WITNESS_")

    key_file: Path
    memory: Path
    """Directory of the last checkpoints. Whoever loses it must make a new key: the old one could be led astray."""
    refused: Path
    """Directory of what logs signed and the witness refused."""
    logs: tuple[str, ...]
    """Keys of the logs (`name+hash+base64`), one for each origin."""
    rate_limit: Limits = "50/second"
    """Per address: nobody needs a key to ask."""
    body_limit: int = MAX_REQUEST
