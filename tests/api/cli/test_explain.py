"""What `attest explain` says: to people within eighty columns, to scripts in one object."""

import json

import pytest

from api.cli.app import main
from api.explanation import clauses_tell
from circuits.attributes import default_schema
from circuits.predicate import parse

COMPOUND = 'salary > 100000 && age(date_of_birth) >= 21 && country in ["US","CA"]'
RATIO = "debt * 100 <= salary * 40"
DAY = ("--as-of", "2026-11-22")
PAYROLL = {
    "schema": "payroll",
    "version": 3,
    "attributes": [
        {"name": "monthly_pay", "type": "money", "currency": "USD", "period": "month", "max": "1000000.00"},
        {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "500000.00"},
    ],
}


@pytest.fixture
def explain(monkeypatch, capsys, tmp_path):
    """Runs `attest explain` in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("ZKATTEST_HOME", str(tmp_path / "home"))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["attest", "explain", *map(str, arguments), *DAY])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def payroll(tmp_path):
    path = tmp_path / "payroll.json"
    path.write_text(json.dumps(PAYROLL), encoding="utf-8")
    return path


def test_a_compound_question_is_told_whole(explain):
    code, out, _ = explain(COMPOUND, "--json", "--no-time")
    told = json.loads(out)
    assert (code, told["as_of"], told["time"]) == (0, "2026-11-22", None)
    assert told["question"].startswith("salary is more than 100,000.00 USD per year and age")
    assert [(a["name"], a["type"], a["bounds"]) for a in told["attributes"]] == [
        ("salary", "money", "0.00 to 10,000,000.00 USD per year"),
        ("date_of_birth", "date", "1900-01-01 to 2199-12-31"),
        ("country", "enum", "249 words"),
    ]
    assert [clause["predicate"] for clause in told["clauses"]] == [
        "salary > 100000.00",
        "age(date_of_birth) >= 21",
        'country in ["CA", "US"]',
    ]
    assert set(told["circuit"]) == {"values", "base", "digits", "gates", "rows", "norm_length", "rounds"}
    assert 400 < told["proof_bytes"] < 600
    yes, no = told["yes"], told["no"]
    assert (yes["clauses"], no["clauses"]) == ("all 3 clauses hold", "at least one of the 3 clauses fails")
    assert [entry["outcome"] for entry in yes["tells"] + no["tells"]] == ["narrowed"] * 3 + ["nothing"] * 3
    assert [entry.get("ranges") or entry["values"] for entry in yes["tells"]] == [
        [["100000.01", "10000000.00"]],
        [["1900-01-01", "2005-11-22"]],
        ["CA", "US"],
    ]
    assert [entry["bits"] for entry in yes["tells"]] == [0.014, 1.502, 6.96]


def test_what_tells_next_to_nothing_is_not_shown_as_nothing(explain):
    yes, no = explain("salary > 20", "--no-time")[1].split(" NO  would tell")
    assert ("under 0.1 bits" in yes, "18.9 bits" in no) == (True, True)
    assert " bits" not in explain("salary > 20000000", "--no-time")[1]


def test_both_answers_are_really_proven_and_timed(explain):
    told = json.loads(explain(RATIO, "--json")[1])
    figures = {"prove_ms", "verify_ms", "prove_mul", "verify_mul"}
    assert set(told["time"]) == {*figures, "runs", "yes", "no"}
    assert set(told["time"]["yes"]) == set(told["time"]["no"]) == figures
    assert all(told["time"][figure] > 0 for figure in figures)


def test_where_one_answer_is_nobodys_the_other_is_timed(explain):
    told = json.loads(explain("salary > 20000000", "--json")[1])
    assert "yes" not in told["time"]
    assert told["time"]["no"]["prove_ms"] > 0
    assert (told["yes"]["somebody"], told["yes"]["tells"][0]["outcome"]) == (False, "nobody")
    assert "nobody within the schema's bounds can have this answer" in explain("salary > 20000000", "--no-time")[1]


def test_a_form_of_several_attributes_is_told_as_one(explain):
    told = json.loads(explain(RATIO, "--json", "--no-time")[1])
    form = told["yes"]["tells"][2]
    assert form["attributes"] == ["debt", "salary"]
    assert form["form"] == [{"times": 5, "attribute": "debt"}, {"times": -2, "attribute": "salary"}]
    assert form["ranges"] == [["-2000000000", "0"]]
    assert [entry["words"] for entry in told["yes"]["tells"]][:2] == ["at most 4,000,000.00 USD", "nothing"]


TEXTS = {
    'employer == "ACME"': ({"values": ["ACME"]}, {"not": ["ACME"]}),
    'employer != "ACME" || salary > 1': ({"not": []}, {"values": ["ACME"]}),
    "owns_home": ({"values": ["true"]}, {"values": ["false"]}),
    "debt == salary * 0.4": ({"ranges": None}, {"ranges": [["0.00", "1000000000.00"]]}),
}


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_left_is_told_as_in_a_record(explain, text):
    told = json.loads(explain(text, "--json", "--no-time")[1])
    for word, left in zip(("yes", "no"), TEXTS[text], strict=True):
        assert left.items() <= told[word]["tells"][0].items()


@pytest.mark.parametrize("text", [COMPOUND, RATIO, "salary > 100000", "owns_home", " || ".join([COMPOUND] * 5)])
def test_the_screen_is_eighty_columns_wide(explain, text):
    code, out, _ = explain(text)
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 80
    for word in ("asks", "under", "about", "promised", "may be asked", "circuit", "proof", "time", " YES ", " NO "):
        assert word in out


def test_whether_it_may_be_asked_is_told(explain):
    told = json.loads(explain("salary > 90000", "--json", "--no-time")[1])
    assert (told["asking"]["refusal"], told["asking"]["nearest"]) == ("ladder", {"salary": ["80000.00", "100000.00"]})
    assert told["asking"]["if_offered"]["allowed"]
    assert told["attributes"][0]["promise"]["residual"] == "10000.00"
    assert [each["words"] for each in told["no"]["disclosed"]] == ["at most 90,000.00 USD per year"]
    fair = json.loads(explain("salary > 100000", "--json", "--no-time")[1])
    assert (fair["asking"]["allowed"], fair["asking"]["if_offered"]) == (True, None)
    never = json.loads(explain("salary > 20", "--json", "--no-time")[1])
    assert (never["asking"]["if_offered"]["refusal"], never["yes"]["disclosed"]) == ("residual", None)
    shown = explain("salary > 90000", "--no-time")[1]
    assert "if a consent offers this very question" in shown
    assert "nor if a consent offers it" in explain("salary > 20", "--no-time")[1]


def test_a_question_over_two_schemas_names_both(explain, payroll, tmp_path):
    shipped = tmp_path / "kyc.json"
    shipped.write_bytes(default_schema().to_bytes())
    both = ("--schema", payroll, "--schema", shipped, "--no-time")
    told = json.loads(explain('monthly_pay > 4000 && country == "US"', *both, "--json")[1])
    assert [(schema["schema"], schema["version"]) for schema in told["schemas"]] == [("payroll", 3), ("kyc-person", 1)]
    assert [attribute["schema"] for attribute in told["attributes"]] == ["payroll", "kyc-person"]
    assert "payroll version 3 and kyc-person version 1" in explain('monthly_pay > 4000 && country == "US"', *both)[1]
    told = json.loads(explain("salary > 1", *both, "--json")[1])
    assert [(schema["schema"]) for schema in told["schemas"]] == ["payroll"]
    code, out, _ = explain("salary > 1", "--schema", payroll, "--schema", payroll, "--json")
    assert (code, json.loads(out)["error"]["what"]) == (2, "schemas: a schema is listed twice")


CLAUSES = {
    "salary > 1": ("", ""),
    "salary > 1 && owns_home": ("both clauses hold", "at least one of the 2 clauses fails"),
    "salary > 1 || owns_home": ("at least one of the 2 clauses holds", "both clauses fail"),
    "at_least(2, salary > 1, owns_home, sanctioned)": ("at least 2 of the 3 hold", "at most 1 of the 3 holds"),
    "at_least(1, salary > 1, owns_home, sanctioned)": ("at least one of the 3 clauses holds", "all 3 clauses fail"),
    "at_least(2, owns_home, sanctioned)": ("both clauses hold", "at least one of the 2 clauses fails"),
}


@pytest.mark.parametrize("text", CLAUSES)
def test_what_an_answer_tells_about_the_clauses(text):
    predicate = parse(text, default_schema())
    assert tuple(clauses_tell(predicate, answer=answer) for answer in (True, False)) == CLAUSES[text]
