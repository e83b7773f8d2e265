"""What the language accepts, and what it means; test_predicate_refusals.py has what it refuses."""

import pickle

import pytest

from circuits.attributes import Schema, default_schema
from circuits.errors import PredicateTypeError, SchemaError, ValueRefused
from circuits.predicate import evaluate, parse

SCHEMA = default_schema()


@pytest.mark.parametrize(
    ("text", "english", "canonical"),
    [
        ("salary > 100000", "salary is more than 100,000.00 USD per year", "salary > 100000.00"),
        ("100000 < salary", "salary is more than 100,000.00 USD per year", "salary > 100000.00"),
        ("(((salary)) >= 100000.5)", "salary is at least 100,000.50 USD per year", "salary >= 100000.50"),
        ("salary-1000<=-5+0.01", "salary is at most 995.01 USD per year", "salary <= 995.01"),
        ("net_worth == -5", "net_worth is exactly -5.00 USD", "net_worth == -5.00"),
        ("!(net_worth == -5)", "net_worth is not exactly -5.00 USD", "net_worth != -5.00"),
        ("net_worth < 1000000 * 1000", "net_worth is less than 1,000,000,000.00 USD", "net_worth < 1000000000.00"),
        ("age(date_of_birth) >= 21", "age by date_of_birth is at least 21 years", "age(date_of_birth) >= 21"),
        ("21 <= age(date_of_birth)", "age by date_of_birth is at least 21 years", "age(date_of_birth) >= 21"),
        ("!(age(date_of_birth) >= 21)", "age by date_of_birth is less than 21 years", "age(date_of_birth) < 21"),
        (
            'date("2008-11-22") > date_of_birth',
            "date_of_birth is before 2008-11-22",
            'date_of_birth < date("2008-11-22")',
        ),
        ("country == 'US'", 'country is "US"', 'country == "US"'),
        ('!(country in ["US"])', 'country is not "US"', 'country != "US"'),
        ('country in ["US","CA","US"]', 'country is one of "CA", "US"', 'country in ["CA", "US"]'),
        ('!(country in ["US","CA"])', 'country is none of "CA", "US"', '!(country in ["CA", "US"])'),
        ("tenure_months in [36, 24]", "tenure_months is one of 24, 36", "tenure_months in [24, 36]"),
        ("tenure_months in [-1200 + 24 * 51]", "tenure_months is exactly 24", "tenure_months == 24"),
        ("salary in [1, 2.5]", "salary is one of 1.00 USD per year, 2.50 USD per year", "salary in [1.00, 2.50]"),
        ("owns_home", "owns_home is true", "owns_home"),
        ("!!!owns_home", "owns_home is false", "!owns_home"),
        ("false == owns_home", "owns_home is false", "!owns_home"),
        ("owns_home != false", "owns_home is true", "owns_home"),
        ("employer == 'Caf\\u00e9 \"\\U0001F600\\\"'", 'employer is "Café \\"😀\\""', None),
        ("debt * 100 <= salary * 40", "100 times debt is at most 40 times salary", "100 * debt - 40 * salary <= 0.00"),
        ("salary*40 >= 100*debt", "100 times debt is at most 40 times salary", "100 * debt - 40 * salary <= 0.00"),
        ("debt <= 0.4 * salary", "5 times debt is at most 2 times salary", "5 * debt - 2 * salary <= 0.00"),
        (
            "-(debt - salary) > 5",
            "debt is less than salary minus 5.00 USD",
            "debt - salary < -5.00",
        ),
        ("debt > salary + 5", "debt is more than salary plus 5.00 USD", "debt - salary > 5.00"),
        ("age(date_of_birth) > 1", "age by date_of_birth is more than 1 year", "age(date_of_birth) > 1"),
        ("salary + debt - debt > 5", "salary is more than 5.00 USD per year", "salary > 5.00"),
        (
            "owns_home && (sanctioned && salary > 5)",
            "owns_home is true and sanctioned is true and salary is more than 5.00 USD per year",
            "owns_home && sanctioned && salary > 5.00",
        ),
        (
            "owns_home && (sanctioned || salary > 5)",
            "owns_home is true and (sanctioned is true or salary is more than 5.00 USD per year)",
            "owns_home && (sanctioned || salary > 5.00)",
        ),
        (
            "owns_home || sanctioned && salary > 5",
            "owns_home is true or (sanctioned is true and salary is more than 5.00 USD per year)",
            "owns_home || sanctioned && salary > 5.00",
        ),
        (
            "!(owns_home || sanctioned)",
            "it is not so that (owns_home is true or sanctioned is true)",
            "!(owns_home || sanctioned)",
        ),
        (
            "at_least(2, owns_home, sanctioned, tenure_months >= 1200)",
            "at least 2 of these 3 hold: owns_home is true; sanctioned is true; tenure_months is at least 1,200",
            "at_least(2, owns_home, sanctioned, tenure_months >= 1200)",
        ),
        (
            "at_least(1, owns_home, sanctioned)",
            "at least 1 of these 2 holds: owns_home is true; sanctioned is true",
            "at_least(1, owns_home, sanctioned)",
        ),
    ],
)
def test_texts_mean_what_they_say(text, english, canonical):
    predicate = parse(text, SCHEMA)
    assert predicate.english() == english
    again = parse(predicate.canonical_text(), SCHEMA)
    assert again.digest == predicate.digest
    assert again.ast == predicate.ast
    assert canonical in (predicate.canonical_text(), None)
    assert predicate.negated().digest != predicate.digest
    assert predicate.negated().negated().digest == predicate.digest


def test_layout_does_not_change_the_digest_and_meaning_does():
    base = parse("salary > 100000", SCHEMA).digest
    for same in ("salary>100000.00", " (salary)\n\t> 100000 ", "100000 < salary", "!(salary <= 100000)"):
        assert parse(same, SCHEMA).digest == base
    for other in ("salary >= 100000", "salary > 100000.01", "debt > 100000", "salary < 100000", "salary >= 100000.01"):
        assert parse(other, SCHEMA).digest != base


def test_known_bytes():
    """The canonical form is a format: these bytes never change."""
    assert parse("salary > 100000", SCHEMA).to_bytes() == (
        b"zkattest/predicate/1\x01\x03\x00\x00\x00\x05money\x00\x00\x00\x03USD\x00\x00\x00\x04year"
        b"\x04\x00\x98\x96\x80\x00\x00\x00\x01\x01\x01\x00\x00\x00\x06salary"
    )
    assert parse('!(country in ["US"]) || age(date_of_birth) < 21', SCHEMA).to_bytes() == (
        b"zkattest/predicate/1\x08\x00\x00\x00\x02"
        b"\x06\x04\x00\x00\x00\x07country\x00\x00\x00\x01\x00\x00\x00\x02US"
        b"\x02\x01\x00\x00\x00\x0ddate_of_birth\x01\x15"
    )
    assert parse("salary > 100000", SCHEMA).digest.hex() == (
        "dbc8cd1b65ebf85ceed141b52f147369c420f7a460342fd3fb8892a8a0ae6628"
    )


def test_the_attributes_are_listed_in_the_order_of_first_use():
    text = 'country == "US" && salary > 5 || debt < salary && country != "CA" && age(date_of_birth) > 3'
    assert parse(text, SCHEMA).attributes == ("country", "salary", "debt", "date_of_birth")


def test_the_same_text_under_another_schema_is_another_question():
    members = SCHEMA.to_json()
    members["attributes"][0]["currency"] = "JPY"
    members["attributes"][0] |= {"min": "0", "max": "10000000"}
    del members["attributes"][0]["disclosure"]
    yen = parse("salary > 100000", Schema.from_json(members))
    assert yen.english() == "salary is more than 100,000 JPY per year"
    assert yen.digest != parse("salary > 100000", SCHEMA).digest
    with pytest.raises(PredicateTypeError, match="JPY and USD do not compare"):
        parse("salary > debt", Schema.from_json(members))


def test_a_refusal_survives_the_way_back_from_a_worker_process():
    for error in (PredicateTypeError("a > b", 2, "why"), SchemaError("a.b", "why"), ValueRefused("salary", "why")):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
        assert type(again) is type(error)
        assert (str(again), vars(again)) == (str(error), vars(error))


def test_a_functions_name_may_be_an_attributes_name():
    names = [{"name": n, "type": "integer", "min": 0, "max": 120} for n in ("age", "date", "at_least")]
    born = [{"name": "born", "type": "date"}]
    schema = Schema.from_json({"schema": "names", "version": 1, "attributes": names + born})
    text = 'age > 30 && date < 5 && at_least == 2 && age(born) > 30 && born < date("2000-01-01")'
    assert parse(text, schema).attributes == ("age", "date", "at_least", "born")
    assert parse(parse(text, schema).canonical_text(), schema).digest == parse(text, schema).digest


def test_dates_compare_with_each_other():
    members = {"schema": "two", "version": 1, "attributes": [{"name": n, "type": "date"} for n in ("z", "a")]}
    schema = Schema.from_json(members)
    predicate = parse("z > a", schema)
    assert predicate.english() == "a is before z"
    assert predicate.digest == parse("a < z", schema).digest == parse(predicate.canonical_text(), schema).digest
    assert evaluate(predicate, {"a": 5, "z": 6}, 1)
    assert not evaluate(predicate, {"a": 6, "z": 6}, 1)


def test_invisible_characters_do_not_turn_the_words_around():
    """A question is shown to people: what is quoted in it must not rearrange what is not."""
    plain = parse('employer == "Zo\\u00eb \\u0391"', default_schema())
    assert plain.english() == 'employer is "Zo\u00eb \u0391"'
    turned = parse('employer == "x\\u202e\\u2066\\u200b\\u00a0"', default_schema())
    assert turned.english() == 'employer is "x\\u202e\\u2066\\u200b\\u00a0"'
    spelt = parse('employer == "x\\\\u202e"', default_schema())
    assert spelt.english() == 'employer is "x\\\\u202e"'
