"""Files to carry: what they are of is said beside them; from a log that does not hold as a whole there are none."""

import pytest

from api.audit.carrying import carry
from circuits.jws import SigningKey
from verifier.audit.replay import Report
from verifier.audit.settling import Finding
from verifier.errors import Blame
from verifier.log.note import NoteSigner
from verifier.trust import Trust

TRUST = Trust(NoteSigner("verifier.example/log", bytes(32)).verifier, SigningKey(bytes(31) + b"\x01").public)


def never():
    raise AssertionError("there is nothing to be shown")


FINDINGS = {
    "nothing": ((), "Nothing was found."),
    "the log as a whole": (
        (Finding(None, Blame.LOG, "root", "it differs"), Finding(3, Blame.PROVIDER, "proof", "it is wrong")),
        "1. the log: it differs (blame: log operator)\n   no file",
    ),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_nothing_to_carry(tmp_path, name):
    findings, words = FINDINGS[name]
    report = Report("", TRUST.origin, 7, 0, {}, findings, len(findings), "fast")
    assert carry(tmp_path / "made", report, reopen=never, trust=TRUST) == []
    (readme,) = (tmp_path / "made").iterdir()
    assert words in readme.read_text()
    assert readme.stat().st_mode & 0o777 == 0o600
