"""Schemas and questions: what they mean, byte for byte, and what is refused and where.

The tables of texts are those of the language's own tests, so that a text stands in one place.
"""

import copy
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from topics import Topic

from circuits.attributes import default_schema

CIRCUITS = Path(__file__).parents[2] / "circuits"
PERSON = default_schema().to_json()
PAYROLL = {
    "schema": "payroll",
    "version": 1,
    "attributes": [
        {"name": "monthly_pay", "type": "money", "currency": "USD", "min": "0.00", "max": "1000000.00"},
        {"name": "salary", "type": "money", "currency": "USD", "period": "year", "min": "0.00", "max": "10000000.00"},
    ],
}
ADA = {
    "salary": "129000",
    "net_worth": "-5",
    "debt": "1000",
    "date_of_birth": "2004-02-29",
    "country": "US",
    "sanctioned": "false",
    "owns_home": "true",
    "tenure_months": "24",
    "employer": "Cafe\u0301",
}
ANSWERS = {
    "salary > 129000": False,
    "salary >= 129000": True,
    "salary > 128999.99": True,
    "net_worth == -5": True,
    "net_worth < -5": False,
    "debt * 100 <= salary * 40": True,
    "debt > salary": False,
    "age(date_of_birth) >= 22": True,
    "age(date_of_birth) > 22": False,
    'country in ["US", "CA"]': True,
    '!(country in ["US", "CA"])': False,
    "owns_home && !sanctioned": True,
    "sanctioned || salary > 200000": False,
    "at_least(2, salary > 50000, tenure_months >= 25, owns_home)": True,
    "at_least(3, salary > 50000, tenure_months >= 25, owns_home)": False,
    'employer == "Caf\\u00e9"': True,
    'date_of_birth < date("2004-02-29")': False,
}


def _tables(name):
    """Import a test module of the language for its tables."""
    spec = spec_from_file_location(name, CIRCUITS / f"{name}.py")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _with(schema, change):
    changed = copy.deepcopy(schema)
    change(changed)
    return changed


def schema_topic():
    topic = Topic("schema", "Attribute schemas: their normal form, their digest, the numbers that values become.")
    topic.shared |= {"kyc-person": PERSON, "payroll": PAYROLL}
    topic.accept("kyc-person", "schema.read", {"schema": PERSON}, "the schema that ships with the product")
    read = topic.accept("payroll", "schema.read", {"schema": PAYROLL}, "in normal form already")
    short = {"name": "monthly_pay", "type": "money", "currency": "USD", "max": "1000000"}
    respelt = _with(PAYROLL, lambda s: s["attributes"].__setitem__(0, short))
    topic.accept("payroll-respelt", "schema.read", {"schema": respelt}, "other spellings, the same digest", known=read)
    first = PAYROLL["attributes"][0]
    for name, change, why in (
        ("version-0", lambda s: s.update(version=0), "versions start with 1"),
        ("version-text", lambda s: s.update(version="1"), "a version is a number"),
        ("version-bool", lambda s: s.update(version=True), "true is no number"),
        ("name-upper", lambda s: s.update(schema="Payroll"), "names are in lower case"),
        ("name-empty", lambda s: s.update(schema=""), "a schema has a name"),
        ("extra", lambda s: s.update(note="x"), "an unknown member"),
        ("missing", lambda s: s.pop("version"), "a member is missing"),
        ("no-attributes", lambda s: s.update(attributes=[]), "there is at least one attribute"),
        ("too-many", lambda s: s.update(attributes=[first | {"name": f"a{i}"} for i in range(65)]), "65 attributes"),
        ("twice", lambda s: s["attributes"].append(first), "a name stands twice"),
        ("reserved", lambda s: s["attributes"][0].update(name="true"), "a word of the language"),
        ("type", lambda s: s["attributes"][0].update(type="float"), "no such type"),
        ("currency", lambda s: s["attributes"][0].update(currency="US"), "no such currency"),
        ("no-currency", lambda s: s["attributes"][0].pop("currency"), "money has a currency"),
        ("period", lambda s: s["attributes"][0].update(period="decade"), "no such period"),
        ("max-decimals", lambda s: s["attributes"][0].update(max="1.005"), "more decimals than the currency"),
        ("max-below", lambda s: s["attributes"][0].update(max="0"), "max is above min"),
        ("values-on-money", lambda s: s["attributes"][0].update(values=["a"]), "money has no values"),
        ("attribute-extra", lambda s: s["attributes"][0].update(x=1), "an unknown member of an attribute"),
    ):
        topic.reject(name, "schema.read", {"schema": _with(PAYROLL, change)}, why, mutates="payroll")
    digests = [topic.cases[0]["expect"]["accept"]["digest"], read["digest"]]
    one = {"digest": digests[0]}
    topic.accept("vocabulary-1", "vocabulary.digest", {"schemas": digests[:1]}, "of one schema its own", known=one)
    topic.accept("vocabulary-2", "vocabulary.digest", {"schemas": digests}, "of several, in their order")
    topic.accept("vocabulary-swapped", "vocabulary.digest", {"schemas": digests[::-1]}, "another order, another digest")
    _values(topic)
    return topic


def _values(topic):
    for name, text in ADA.items():
        argument = {"schema": PERSON, "attribute": name, "text": text}
        topic.accept(f"value-{name}", "value.encode", argument, "the number that is committed to")
    for number, (name, text, why) in enumerate(
        (
            ("salary", "100000.005", "more decimals than the currency"),
            ("salary", "10000000.01", "above the bounds"),
            ("salary", "-0.01", "below the bounds"),
            ("salary", "1e5", "an exponent"),
            ("salary", "1,000", "a separator"),
            ("salary", "+1", "a sign"),
            ("salary", "\u0663", "digits of another script"),
            ("date_of_birth", "2008-02-30", "no such day"),
            ("country", "us", "not one of the values"),
            ("sanctioned", "maybe", "neither true nor false"),
            ("tenure_months", "1.5", "not a whole number"),
            ("employer", "", "an empty text"),
            ("employer", "a\u0007b", "a control character"),
        )
    ):
        argument = {"schema": PERSON, "attribute": name, "text": text}
        topic.reject(f"value-refused-{number}", "value.encode", argument, why, mutates=f"value-{name}")


def predicate_topic():
    topic = Topic("predicate", "The predicate language: text to meaning, canonical bytes, digest, English, negation.")
    topic.shared |= {"kyc-person": PERSON, "payroll": PAYROLL}
    meanings = _tables("test_predicate").test_texts_mean_what_they_say.pytestmark[0].args[1]
    for number, (text, english, _canonical) in enumerate(meanings):
        found = topic.accept(f"means-{number}", "predicate.read", _asks(text), "what it means, byte for byte")
        if found["english"] != english:
            raise AssertionError(f"{text}: {found['english']}")
    both = _asks("monthly_pay > 5000 && age(date_of_birth) >= 21", PAYROLL, PERSON)
    topic.accept("two-schemas", "predicate.read", both, "attributes of two schemas")
    first = _asks("salary > 5", PAYROLL, PERSON)
    topic.accept("precedence", "predicate.read", first, "both have a salary: the first schema gives it")
    refusals = _tables("test_predicate_refusals")
    for kind, table in (("syntax", refusals.SYNTAX), ("type", refusals.TYPES)):
        for number, (text, position, why) in enumerate(table):
            topic.reject(f"{kind}-{number}", "predicate.read", _asks(text), why, mutates="means-0")
            told = {"code": f"predicate-{kind}", "position": position}
            if topic.cases[-1]["expect"] != {"reject": told}:
                raise AssertionError(f"{text}: {topic.cases[-1]['expect']}")
    for number, (text, answer) in enumerate(ANSWERS.items()):
        argument = _asks(text) | {"values": ADA, "as_of": "2026-11-18"}
        known = {"answer": "yes" if answer else "no"}
        topic.accept(f"answer-{number}", "predicate.evaluate", argument, "what it says of one person", known=known)
    return topic


def _asks(text, *schemas):
    return {"text": text, "schemas": list(schemas or (PERSON,))}


def topics():
    return [schema_topic(), predicate_topic()]
