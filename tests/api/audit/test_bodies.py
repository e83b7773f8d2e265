"""Bodies beside the tiles: resumable, of each bundle only the longest file, and gone when they are erased."""

import pytest

from api.audit.bodies import FOLDER, read_bodies, write_bodies
from api.audit.exporting import export_lines
from api.audit.reading import LogMovedOn
from circuits.encoding import b64u, canonical_json
from verifier.errors import ExportError

AT = "2026-11-18T11:06:40Z"


class Copy:
    """A log of made-up entries, in memory."""

    name = "memory"

    def __init__(self, size, **bodies):
        self.size = size
        self.bodies = {int(index.strip("_")): body for index, body in bodies.items()}
        self.asked = []
        self.erased = {}

    @property
    def note(self):
        return f"verifier.example/log\n{self.size}\nroot\n"

    def fetch(self, place):
        raise LookupError(f"bodies are no tiles: {place}")

    def lines(self, start, end):
        self.asked.append((start, end))
        for index in range(start, end):
            body = self.bodies.get(index, {"kind": "note", "text": f"number {index}"})
            written = canonical_json(body).decode()
            line = {"appended_at": AT, "body": written, "index": index, "kind": body["kind"], "salt": b64u(bytes(32))}
            if index in self.erased:
                line = {"appended_at": AT, "erased": self.erased[index], "index": index, "kind": "note"}
                line["leaf"] = b64u(bytes(32))
            yield canonical_json(line) + b"\n"


def names(folder):
    return {str(path.relative_to(folder / FOLDER)) for path in folder.rglob("*") if path.is_file()}


def lines(log):
    return list(log.lines(0, log.size))


def test_files_of_256_lines_closed_to_others(tmp_path):
    log = Copy(600)
    told = []
    assert write_bodies(tmp_path, log, progress=lambda *place: told.append(place)) == 3
    assert told == [(256, 600), (512, 600), (600, 600)]
    assert names(tmp_path) == {"000.jsonl", "001.jsonl", "002.p/88.jsonl"}
    assert list(read_bodies(tmp_path, 600)) == lines(log)
    assert list(read_bodies(tmp_path, 0)) == []
    for path in (tmp_path / FOLDER).rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_only_what_is_new_is_asked_for_and_shorter_files_go(tmp_path):
    write_bodies(tmp_path, Copy(600))
    same, longer, full = Copy(600), Copy(601), Copy(768)
    assert (write_bodies(tmp_path, same), same.asked) == (0, [])
    assert (write_bodies(tmp_path, longer), longer.asked) == (1, [(512, 601)])
    assert names(tmp_path) == {"000.jsonl", "001.jsonl", "002.p/89.jsonl"}
    assert write_bodies(tmp_path, full) == 1
    assert names(tmp_path) == {"000.jsonl", "001.jsonl", "002.jsonl"}
    assert list(read_bodies(tmp_path, 768)) == lines(full)


def test_one_that_was_cut_off_goes_on(tmp_path):
    class Breaking(Copy):
        def lines(self, start, end):
            if start == 256:
                raise ConnectionError
            return super().lines(start, end)

    with pytest.raises(ConnectionError):
        write_bodies(tmp_path, Breaking(300))
    assert names(tmp_path) == {"000.jsonl"}
    again = Copy(300)
    assert write_bodies(tmp_path, again) == 1
    assert again.asked == [(256, 300)]


def test_what_is_erased_is_written_again_before_its_erasure(tmp_path):
    write_bodies(tmp_path, Copy(600))
    erased = Copy(
        700,
        _5={"kind": "note", "text": "gone"},
        _650={"kind": "erasure", "entries": [5, 600]},
        _651={"kind": "erasure", "entries": ["x", -1, 10**9, True, None]},
    )
    assert write_bodies(tmp_path, erased) == 2
    assert erased.asked == [(512, 700), (0, 256)]
    assert b"gone" in (tmp_path / FOLDER / "000.jsonl").read_bytes()
    assert list(read_bodies(tmp_path, 700)) == lines(erased)


@pytest.mark.parametrize("body", [b"[]", b"5", b"{", b'{"entries":5}', b'{"entries":{}}', b"[" * 99, b'{"a":1,"a":2}'])
def test_an_erasure_that_is_none_is_copied_as_it_is(tmp_path, body):
    """Whoever serves a log may serve anything: a replay tells what it is."""

    class Served(Copy):
        def lines(self, start, end):
            for index, line in enumerate(super().lines(start, end), start):
                stated = {"appended_at": AT, "body": body.decode(), "index": index, "kind": "erasure"}
                yield canonical_json(stated | {"salt": b64u(bytes(32))}) + b"\n" if index == 258 else line

    assert write_bodies(tmp_path, Served(300)) == 2
    assert list(read_bodies(tmp_path, 300)) == lines(Served(300))


def test_an_erasure_that_the_checkpoint_does_not_cover(tmp_path):
    log = Copy(600, _550={"kind": "erasure", "entries": [3]})
    log.erased = {3: 550}
    covered = list(export_lines(log))
    assert len(covered) == 601
    assert write_bodies(tmp_path / "covered", log) == 4  # the first file once more, when its erasure is read
    assert list(read_bodies(tmp_path / "covered", 600)) == covered[1:]
    log.erased[7] = 600
    with pytest.raises(LogMovedOn, match="entry 7 was erased by entry 600"):
        list(export_lines(log))
    with pytest.raises(LogMovedOn):
        write_bodies(tmp_path / "not", log)


def missing(path):
    path.unlink()


def cut_off(path):
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def longer(path):
    path.write_bytes(path.read_bytes() + b"{}\n")


@pytest.mark.parametrize("change", [missing, cut_off, longer])
def test_a_file_that_is_not_what_its_name_says(tmp_path, change):
    write_bodies(tmp_path, Copy(300))
    assert len(list(read_bodies(tmp_path, 300))) == 300
    change(tmp_path / FOLDER / "000.jsonl")
    with pytest.raises(ExportError, match=r"bodies/000\.jsonl"):
        list(read_bodies(tmp_path, 300))


def test_a_line_that_never_ends_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("api.audit.bodies.MAX_LINE", 1_000)
    write_bodies(tmp_path, Copy(1))
    (tmp_path / FOLDER / "000.p/1.jsonl").write_bytes(b"{" * 5_000)
    assert len(next(read_bodies(tmp_path, 1))) == 1_001
