import pytest
from pydantic import ValidationError

from api.settings import ProverSettings, VerifierSettings

VERIFIER = {
    "database_url": "postgresql://zk:hunter2@db/log",
    "origin": "verifier.example/log",
    "log_key_file": "/k/log.key",
    "attestation_key_file": "/k/attestation.pem",
    "prover_keys": '{"acme-kyc": "zka_0_hunter2"}',
}
PROVER = {
    "database_url": "sqlite:////v/vault.sqlite",
    "provider": "acme-kyc",
    "kek": "zkattest-kek-1 hunter2",
    "signing_key_file": "/k/signing.pem",
    "callers_file": "/k/callers.json",
    "audiences": '["verifier.example/log"]',
}


def load(monkeypatch, kind, values):
    prefix = kind.model_config["env_prefix"]
    for name, value in values.items():
        monkeypatch.setenv(f"{prefix}{name}".upper(), value)
    return kind()


@pytest.mark.parametrize(("kind", "values"), [(VerifierSettings, VERIFIER), (ProverSettings, PROVER)])
def test_settings_come_from_the_environment_and_hide_their_secrets(monkeypatch, kind, values):
    settings = load(monkeypatch, kind, values)
    assert "hunter2" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("kind", "values", "change", "says"),
    [
        (VerifierSettings, VERIFIER, {"origin": "with blanks"}, "origin"),
        (VerifierSettings, VERIFIER, {"rate_limit": "lots"}, "rate_limit"),
        (VerifierSettings, VERIFIER, {"prover_timeout": "0"}, "prover_timeout"),
        (VerifierSettings, VERIFIER, {"body_limit": "1"}, "body_limit"),
        (ProverSettings, PROVER, {"kek_file": "/k/kek"}, "exactly one of kek_file and kek"),
        (ProverSettings, PROVER, {"kek": None}, "exactly one of kek_file and kek"),
        (ProverSettings, PROVER, {"verifier_url": "http://v"}, "go together"),
        (ProverSettings, PROVER, {"workers": "0"}, "workers"),
        (ProverSettings, PROVER, {"audiences": None}, "audiences"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_settings_that_cannot_work_are_refused_by_name(monkeypatch, kind, values, change, says):
    load(monkeypatch, kind, values)
    for name, value in change.items():
        variable = f"{kind.model_config['env_prefix']}{name}".upper()
        monkeypatch.delenv(variable, raising=False)
        if value is not None:
            monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as refused:
        kind()
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)
