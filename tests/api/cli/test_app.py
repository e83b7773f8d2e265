"""The command line without services: options everywhere, exit codes, messages that say what, where and how to mend."""

import json
import stat

import pytest
import typer.main

from api.cli import present
from api.cli.app import app, main
from api.cli.failures import CommandError, ExitCode
from api.cli.refusals import refusal
from api.cli.translation import translate
from api.home.directory import Home, HomeError
from api.peers.lender_client import Refusal, Unreachable
from circuits.errors import SchemaError


@pytest.fixture
def attest(monkeypatch, capsys, tmp_path):
    """Runs one command in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("ZKATTEST_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ZKATTEST_DEBUG", raising=False)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["attest", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    return run


def commands(group=None, path=()):
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_takes_home_and_json_and_has_help(attest, path):
    options = {option for parameter in ALL[path].params for option in parameter.opts}
    assert {"--home", "--json"} <= options
    code, out, _ = attest(*path, "--help")
    assert code == 0
    assert "--home" in out
    # a source line's end in the middle of a sentence would be one on the screen too
    assert all("\n" not in paragraph for paragraph in ALL[path].help.split("\n\n"))


def test_the_commands_scripts_rely_on_are_there():
    promised = {
        ("demo",), ("up",), ("ask",), ("explain",), ("bench",), ("keygen",), ("prover", "import"), ("prover", "serve"),
        ("verifier", "serve"), ("verifier", "log", "export"), ("evidence", "verify"), ("audit", "replay"),
        ("prover", "consent", "grant"), ("prover", "consent", "revoke"), ("prover", "consent", "list"),
    }  # fmt: skip
    assert promised <= set(ALL)


def test_version(attest):
    code, out, _ = attest("--version")
    assert (code, out.split()[0]) == (0, "attest")


USAGE = {
    "no such command": ["nonsense"],
    "missing argument": ["ask"],
    "missing option": ["ask", "salary > 1"],
    "unknown option": ["explain", "salary > 1", "--nonsense"],
    "unknown engine": ["evidence", "verify", "x", "--engine", "other"],
    "no home": ["ask", "salary > 1", "--subject", "x"],
    "no pin": ["evidence", "verify", "x"],
    "no pin for the audit": ["audit", "replay", "x"],
    "no such row": ["bench", "--only", "range 63"],
    "no such schema": ["explain", "salary > 1", "--schema", "/nonexistent"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE)
def test_usage_errors_are_a_two_for_people_and_for_scripts(attest, arguments):
    assert attest("explain", "salary > 1")[0] == 0
    code, _, err = attest(*arguments)
    assert code == ExitCode.USAGE
    assert err
    code, out, _ = attest(*arguments, "--json")
    assert code == ExitCode.USAGE
    error = json.loads(out)["error"]
    assert error["what"]
    assert error["exit_code"] == 2


@pytest.mark.parametrize(
    ("text", "kind", "position"),
    [("salary >", "predicate-syntax", 8), ("wage > 1", "predicate-type", 0), ("salary > 1.001", "predicate-type", 9)],
)
def test_a_wrong_question_has_a_caret_below_the_place(attest, text, kind, position):
    code, out, _ = attest("explain", text, "--json")
    error = json.loads(out)["error"]
    assert (code, error["kind"]) == (2, kind)
    assert error["where"] == f"{text}\n{' ' * position}^"
    _, _, err = attest("explain", text)
    shown = err.splitlines()
    line = next(each for each in shown if text in each)
    assert shown[shown.index(line) + 1].index("^") == line.index(text) + position


def test_keygen_makes_a_private_file_once(attest, tmp_path):
    code, out, _ = attest("keygen", tmp_path / "k.pem", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["jwk"]["kid"] == told["kid"]
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600
    before = (tmp_path / "k.pem").read_bytes()
    assert attest("keygen", tmp_path / "k.pem")[0] == 2
    assert (tmp_path / "k.pem").read_bytes() == before


def test_a_long_question_is_cut_around_the_caret():
    text = "a" * 200 + "!" + "b" * 200
    line, pointer = present.caret(text, 200).split("\n")
    assert line[pointer.index("^")] == "!"
    assert len(line) <= 100


TRANSLATED = {
    "home": (HomeError("no", where=Home.at("/x", environment={}).root, remedy="do"), ExitCode.USAGE, "home"),
    "unreachable": (Unreachable("http://x", "gone"), ExitCode.NO_ANSWER, "unreachable"),
    "declined": (Refusal(403, {"type": "https://p/declined"}), ExitCode.NO_ANSWER, "declined"),
    "unavailable": (Refusal(503, {"type": "https://p/unavailable"}), ExitCode.NO_ANSWER, "unavailable"),
    "invalid proof": (Refusal(502, {"type": "https://p/invalid-proof"}), ExitCode.NO_ANSWER, "invalid-proof"),
    "too many": (Refusal(429, {"type": "https://p/too-many-requests"}), ExitCode.NO_ANSWER, "too-many-requests"),
    "key": (Refusal(401, {"type": "https://p/unauthenticated"}), ExitCode.USAGE, "unauthenticated"),
    "schema": (SchemaError("attributes[0]", "unknown type"), ExitCode.USAGE, "SchemaError"),
    "file": (FileNotFoundError(2, "No such file or directory", "/x"), ExitCode.USAGE, "file"),
    "disk full": (OSError(28, "No space left on device", "/x"), ExitCode.NO_ANSWER, "file"),
    "ours": (CommandError("no", code=ExitCode.FAILED, kind="k"), ExitCode.FAILED, "k"),
}


@pytest.mark.parametrize(("error", "code", "kind"), TRANSLATED.values(), ids=TRANSLATED)
def test_every_failure_has_its_exit_code(error, code, kind):
    told = translate(error)
    assert (told.code, told.kind) == (code, kind)


def test_an_unexpected_error_is_named_but_its_text_is_not_shown():
    told = translate(RuntimeError("128400.00"))
    assert "RuntimeError" in told.what
    assert "128400" not in told.what + told.where + told.remedy


def test_a_problem_with_a_position_becomes_a_caret():
    error = Refusal(422, {"type": "https://p/predicate-type", "detail": "no", "position": 3})
    assert refusal(error, predicate="abcdef").where == "abcdef\n   ^"
    assert refusal(error).where == ""


def test_places_that_do_not_fit_are_named_as_on_the_command_line():
    found = [
        {"pointer": "#/as_of", "detail": "must be a date, written YYYY-MM-DD"},
        {"pointer": "#/predicate", "detail": "x"},
        {"pointer": "#/schemas/1", "detail": "y"},
        {"pointer": "#/reasons", "detail": "z"},
    ]
    told = refusal(Refusal(422, {"type": "https://x/unprocessable", "instance": "/v1/queries", "errors": found}))
    assert told.where == "--as-of  must be a date, written YYYY-MM-DD\nPREDICATE  x\n--schema  y\n--why  z"
    declined = Refusal(403, {"type": "https://x/declined", "instance": "/v1/queries"})
    assert refusal(declined).where == ""
    assert refusal(declined, plain=["the consent expired"]).where == "the consent expired"
    assert "attest explain" in refusal(declined).remedy
    told = refusal(Refusal(503, {"type": "https://x/unavailable", "detail": "repeat it with the same Idempotency-Key"}))
    assert (told.what, told.code) == ("the service cannot answer right now", ExitCode.NO_ANSWER)
    assert refusal(Refusal(502, {"type": "https://x/invalid-proof", "instance": "urn:uuid:1"})).where == "urn:uuid:1"


@pytest.mark.parametrize(("name", "blamed"), [(".", "."), ("missing/answer.json", "missing")])
def test_where_evidence_cannot_be_written_nothing_is_asked(attest, tmp_path, name, blamed):
    code, out, _ = attest("ask", "salary > 1", "--subject", "C-1", "--evidence", tmp_path / name, "--json")
    assert code == 2
    assert (json.loads(out)["error"]["kind"], json.loads(out)["error"]["where"]) == ("file", str(tmp_path / blamed))
    code, out, _ = attest("ask", "salary > 1", "--subject", "C-1", "--evidence", tmp_path / "answer.json", "--json")
    assert json.loads(out)["error"]["kind"] == "home"


def test_a_long_question_is_shown_whole_with_what_failed_of_it():
    clauses = [f"attribute_{n} is more than {n} and another_{n} is less than {n}" for n in range(9)]
    with present.out.capture() as captured:
        present.out.print(present.answer_panel("no", " or ".join(clauses), {"subject": "x"}, failed=clauses[3:5]))
    shown = " ".join(word for word in captured.get().split() if word != "│")
    question, failed = shown.split("does not hold:")
    assert " or ".join(clauses) in question
    assert [clause in failed for clause in clauses].count(True) == 2


def test_a_failed_clause_goes_on_beside_its_cross():
    clause = "attribute is one of " + ", ".join(f'"word {n}"' for n in range(12))
    with present.out.capture() as captured:
        present.out.print(present.answer_panel("no", "short", {"subject": "x"}, failed=[clause]), width=60)
    told = captured.get().split("does not hold:")[1].splitlines()[1:]
    place = told[0].index("attribute")
    going_on = [line for line in told[1:] if "word" in line]
    assert going_on
    assert all(line.strip("│")[: place - 1].isspace() for line in going_on)


@pytest.mark.parametrize("day", ["nonsense", "2026-13-01", ""])
def test_a_day_that_is_none_is_named(attest, day):
    assert attest("explain", "salary > 1", "--as-of", "2026-01-31")[0] == 0
    code, out, _ = attest("explain", "salary > 1", "--as-of", day, "--json")
    assert (code, json.loads(out)["error"]["where"]) == (2, f"--as-of {day}")


def test_the_caret_stands_below_a_character_after_wide_ones():
    shown, below = present.caret('employer == "日本" ~', 17).splitlines()
    assert shown.endswith("~")
    assert len(below) == 20
