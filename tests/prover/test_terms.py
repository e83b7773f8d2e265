import pytest

from circuits.attributes import Schema
from circuits.consent import Allowed
from prover.errors import ConsentRefused
from prover.terms import require_meaning


def schema(name, *attributes, version=1):
    return Schema.from_json({"schema": name, "version": version, "attributes": list(attributes)})


SCORE = {"name": "score", "type": "integer", "min": "0", "max": "9"}
BONUS = {"name": "bonus", "type": "money", "currency": "USD", "min": "0.00", "max": "1000.00"}
PAY = {"name": "pay", "type": "money", "currency": "USD", "min": "0.00", "max": "1000.00"}
SCORES, PAYS = schema("scores", SCORE), schema("pays", PAY, BONUS)
BOTH = (PAYS, SCORES)


@pytest.mark.parametrize(
    "allowed",
    [
        Allowed(),
        Allowed(("score", "pay")),
        Allowed(None, {"score": ("3", "-1"), "pay": ("99.50",)}),
        Allowed(questions=("score > 3", "pay >= 10 && score == 1")),
    ],
)
def test_what_some_schema_knows_can_be_consented_to(allowed):
    require_meaning(allowed, BOTH)


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        (Allowed(("scoer",)), "no schema of this provider has an attribute 'scoer': there are bonus, pay, score"),
        (Allowed(None, {"scoer": ("3",)}), "no schema of this provider has an attribute 'scoer'"),
        (Allowed(None, {"score": ("3.5",)}), "the threshold '3.5' of score: "),
        (Allowed(None, {"score": ("3 || score > 4 &&",)}), "the threshold '3 || score > 4 &&' of score: "),
        (Allowed(None, {"score": ("3 || score > 4",)}), "the threshold '3 || score > 4' of score: it is more than one"),
        (Allowed(None, {"score": ("3 && pay > 4",)}), "the threshold '3 && pay > 4' of score: it is more than one"),
        (Allowed(None, {"pay": ("3 * bonus",)}), r"the threshold '3 \* bonus' of pay: it is more than one"),
        (Allowed(questions=("score >",)), "the question 'score >': "),
        (Allowed(questions=("score > 3", "income > 3")), "the question 'income > 3': "),
    ],
)
def test_what_none_knows_is_named(allowed, said):
    with pytest.raises(ConsentRefused, match=said.replace("|", r"\|")):
        require_meaning(allowed, BOTH)


LADDER = {"ladder": ["100.00", "250.00"], "residual": "10.00"}
RUNGS = schema("rungs", PAY | {"disclosure": LADDER}, SCORE)


def test_a_threshold_that_would_be_declined_for_ever_is_not_consented_to():
    for texts in (("100",), ("250.00", "100.00")):
        require_meaning(Allowed(None, {"pay": texts, "score": ("3",)}), [RUNGS])
    for text in ("99.99", "100.01", "250.01", "150"):
        with pytest.raises(ConsentRefused, match=f"the threshold '{text}' of pay: the schema does not offer it"):
            require_meaning(Allowed(None, {"pay": ("100", text)}), [RUNGS])
        require_meaning(Allowed(None, {"pay": ("100",)}, (f"pay > {text}",)), [RUNGS])  # a question may be any
        require_meaning(Allowed(None, {"pay": ("100", text)}), [RUNGS, PAYS])  # another schema has no ladder


def test_thresholds_are_of_attributes_that_may_be_asked_about():
    require_meaning(Allowed(("pay", "score"), {"score": ("3",)}), BOTH)
    with pytest.raises(ConsentRefused, match="the thresholds of score mean nothing"):
        require_meaning(Allowed(("pay",), {"score": ("3",)}), BOTH)


def test_a_question_over_two_schemas_needs_both():
    question = Allowed(questions=("pay >= 10 && score == 1",))
    require_meaning(question, BOTH)
    for each in BOTH:
        with pytest.raises(ConsentRefused):
            require_meaning(question, [each])


def test_an_older_version_counts_while_people_are_known_under_it():
    wider = schema("scores", SCORE | {"max": "99"}, version=2)
    older = schema("scores", SCORE, {"name": "gone", "type": "bool"})
    require_meaning(Allowed(("gone",), questions=("score > 50", "gone")), (wider, older))
    with pytest.raises(ConsentRefused):
        require_meaning(Allowed(questions=("gone",)), (wider,))


def test_without_a_schema_nothing_has_a_meaning():
    require_meaning(Allowed(), ())
    with pytest.raises(ConsentRefused, match="there is no schema yet"):
        require_meaning(Allowed(questions=("score > 3",)), ())
