"""Evidence files written from an export: the same that the verifier itself would have written."""

import pytest

from circuits.jws import SigningKey
from verifier.audit.excerpt import excerpt
from verifier.audit.export import export_lines
from verifier.errors import EvidenceError, ExportError, NoteError
from verifier.evidence.evidence import build, verify_evidence
from verifier.log.note import NoteSigner
from verifier.trust import Trust

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def export(recorded):
    lines = list(export_lines(recorded.log))
    return lines, [number for number, line in enumerate(lines[1:]) if b'"body":' in line and b'"kind":"answer"' in line]


def test_the_files_that_the_verifier_writes(recorded, export):
    lines, answers = export
    files = excerpt(lambda: lines, answers, trust=recorded.trust)
    assert len(files) == 3
    assert files == {index: build(index, log=recorded.log, registry=recorded.registry) for index in answers}
    for index, content in files.items():
        assert verify_evidence(content, trust=recorded.trust).index == index


def test_what_is_no_answer_is_passed_over(recorded, export):
    lines, answers = export
    assert excerpt(lambda: lines, [0, 1, 99, -1, answers[0]], trust=recorded.trust).keys() == {answers[0]}
    assert excerpt(lambda: lines, [], trust=recorded.trust) == {}


def test_a_log_of_several_tiles(world):
    first = world.ask().index
    for number in range(300):
        world.register(world.company.issue(f"person {number}", {"salary": "1"}))
    second = world.ask(subject="bob").index
    lines = list(export_lines(world.log))
    files = excerpt(lambda: lines, [first, second], trust=world.trust)
    assert [verify_evidence(content, trust=world.trust).index for content in files.values()] == [first, second]


def test_an_answer_that_does_not_hold_is_written_all_the_same(recorded, export):
    """Whoever is blamed for it is shown it: under the signed checkpoint, with what it relies on."""
    lines, answers = export
    other = Trust(recorded.trust.log, SigningKey(bytes(31) + b"\x09").public)
    files = excerpt(lambda: lines, answers, trust=other)
    assert files.keys() == set(answers)
    with pytest.raises(EvidenceError):
        verify_evidence(files[answers[0]], trust=other)


def test_entries_without_the_signed_root_show_nothing(recorded, export):
    lines, answers = export
    changed = [lines[0], lines[1].replace(b"Acme", b"Acne"), *lines[2:]]
    with pytest.raises(ExportError, match="root"):
        excerpt(lambda: changed, answers, trust=recorded.trust)
    with pytest.raises(ExportError, match="root"):
        excerpt(lambda: lines[:-1], answers, trust=recorded.trust)
    with pytest.raises(ExportError):
        excerpt(list, answers, trust=recorded.trust)


def test_another_logs_export(recorded, export):
    lines, answers = export
    other = Trust(NoteSigner(recorded.trust.origin, bytes(32)).verifier, recorded.trust.attestations)
    with pytest.raises(NoteError):
        excerpt(lambda: lines, answers, trust=other)
