from api.cli.present import disclosed as lines
from api.disclosures import in_words
from circuits.attributes import default_schema
from circuits.calendar import day_number
from circuits.leakage import Known, Question, Rules, decide, disclosed, learn, written
from circuits.predicate import parse

SCHEMA, DAY = default_schema(), day_number("2026-11-22")
TEXT = 'salary > 100000 && owns_home && employer == "ACME"'


def test_what_is_logged_is_there_with_words_beside_it():
    question = Question(parse(TEXT, SCHEMA), SCHEMA, DAY)
    after = learn(question, decide(question, Known(), Rules()).spent, answer=True)
    told = disclosed(question, Known().own, after.own)
    said = in_words(told, SCHEMA, as_of=DAY, question=question.predicate)
    logged = written.to_json(told)
    assert [{name: each[name] for name in logged[0]} for each in said] == logged
    assert [each["narrowest_words"] for each in said] == ["9,900,000.00 USD per year", None, None]
    assert lines(said) == [
        "salary: at least 100,000.01 USD per year (0.01 bits)",
        "owns_home: true (1.00 bits)",
        'employer: "ACME"',
    ]
