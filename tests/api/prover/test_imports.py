"""The import loop, its rejects file, and the bundled sample."""

import io

import pytest

from api import samples
from api.home.bootstrap import bootstrap
from api.home.directory import Home, HomeBusyError, locked
from api.prover.imports import Issued, await_registration, run
from api.prover.sinks import opened_vault
from api.samples import generate
from circuits.attributes import default_schema
from prover.importing import read_records
from prover.records import Reject


class Remembering:
    at_once = 1

    def __init__(self):
        self.lines = []

    def issue(self, records):
        self.lines += [record.line for record in records]
        return [
            Issued("rejected", Reject(record.line, "salary", "too much")) if record.line == 3 else Issued("issued")
            for record in records
        ]


CSV = b"customer_id,salary\nA,1.00\nB,2.00\nC,ten\nD,\nE,5.00\n"


def read(content=CSV):
    return read_records(io.BytesIO(content), schema=default_schema(), subject="customer_id")


def test_every_row_is_counted_and_every_refusal_written(tmp_path):
    sink, reached = Remembering(), []
    summary = run(read(), sink=sink, rejects=tmp_path / "r.csv", progress=reached.append)
    assert sink.lines == [2, 3, 6]
    assert [(each.line, each.column) for each in summary.first_rejects] == [(3, "salary"), (4, "salary"), (5, None)]
    assert summary.counts == {"issued": 2, "rejected": 3}
    lines = (tmp_path / "r.csv").read_text().splitlines()
    assert lines[0] == "line,column,reason"
    assert [line.split(",")[0] for line in lines[1:]] == ["3", "4", "5"]
    assert "ten" not in "".join(lines)
    assert reached == [6]


def test_no_rejects_leave_no_file_and_remove_an_old_one(tmp_path):
    (tmp_path / "r.csv").write_text("old")
    summary = run(read(b"customer_id,salary\nA,1.00\n"), sink=Remembering(), rejects=tmp_path / "r.csv", progress=print)
    assert summary.rejects is None
    assert not (tmp_path / "r.csv").exists()


def test_a_stopped_prover_is_imported_into_directly_and_again_without_effect(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    bootstrap(home)
    for expected in ({"issued": 3, "rejected": 2}, {"unchanged": 3, "rejected": 2}):
        with opened_vault(home, default_schema()) as sink:
            summary = run(read(), sink=sink, rejects=tmp_path / "r.csv", progress=lambda _line: None)
        assert summary.counts == expected


def test_a_vault_in_use_is_left_alone(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    bootstrap(home)
    with (
        locked(home.prover / "lock", what="", remedy=""),
        pytest.raises(HomeBusyError, match="in use"),
        opened_vault(home, default_schema()),
    ):
        pass


def test_the_sample_is_what_its_program_makes():
    file = io.StringIO()
    generate.write(file)
    assert file.getvalue().encode() == samples.people()


def test_the_sample_fits_the_default_schema_and_has_gaps():
    rows = list(read_records(io.BytesIO(samples.people()), schema=default_schema(), subject=samples.SUBJECT))
    assert not [row for row in rows if isinstance(row, Reject)]
    assert len(rows) == generate.PEOPLE
    assert sum("salary" not in row.values for row in rows) > 3


class Telling:
    """What a prover's /readyz says from one look to the next."""

    def __init__(self, *counts):
        self._counts = list(counts)

    def get(self, path):
        assert path == "/readyz"
        pending, refused = self._counts.pop(0) if len(self._counts) > 1 else self._counts[0]
        return {"pending_credentials": pending, "refused_credentials": refused}


@pytest.mark.parametrize(
    ("counts", "left"),
    [
        (((3, 0), (1, 0), (0, 0)), (0, 0)),
        (((3, 0), (2, 2)), (2, 2)),  # nothing to wait for: the verifier has refused them
        (((3, 0), (2, 1)), (2, 1)),  # one waits for a verifier that is away
    ],
)
def test_registration_is_waited_for_and_what_is_left_is_told(counts, left):
    seen = []
    assert await_registration(Telling(*counts), progress=seen.append, patience=0.2) == left
    assert (seen[0], seen[-1]) == (3, left[0])
