"""The leakage rules: which questions are free, spend something or are refused after others, and what answers disclose.

A case is a past and a question; the past is written as a text for each event, such as `bank: debt > 50000 = yes`.
"""

import re

from topics import Topic
from world import PAY, PERSON

# The answer is last; with clauses it is followed by which of them hold. A question may be put `on` another day.
EVENT = re.compile(
    r"(?P<party>\w+): (?P<predicate>.*?)(?P<reasons> with clauses)?(?: on (?P<day>\S+))? = (?P<told>.*)\Z"
)
DTI = "debt * 100 <= salary * 40"
DAY = "2026-11-18"
LINE = (
    *("bank: net_worth >= 0 = yes", "bank: net_worth <= 500000 = yes", "bank: debt <= 200000 = yes"),
    "bank: debt + net_worth <= 300000 = no",
)


def event(text):
    """Read `bank: debt > 50000 = yes`, `bank: age(date_of_birth) >= 21 on 2026-11-19 = no`, `changed: debt`."""
    if text.startswith("changed: "):
        return {"changed": text.removeprefix("changed: ").split(", ")}
    found = EVENT.match(text)
    answer, *clauses = found["told"].split(", ")
    return {
        "party": found["party"],
        "predicate": found["predicate"],
        "reasons": "failed-clauses" if found["reasons"] else "outcome-only",
        "as_of": found["day"] or DAY,
        "answer": answer,
        "clauses": [clause == "holds" for clause in clauses] or None,
    }


# Each: a past; then (name, verdict, question, why).
ALONE = (
    (
        (),
        (
            ("first", "spend", "bank: debt > 50000 = yes", "there are 10,000.00 and more on either side"),
            ("low", "spend", "bank: debt < 10000 = no", "just 10,000.00, a million values, are left below"),
            ("lower", "refuse", "bank: debt < 9999.99 = no", "a cent less"),
            ("high", "spend", "bank: debt > 999990000 = no", "just as much is left above"),
            ("higher", "refuse", "bank: debt > 999990000.01 = no", "a cent less"),
            ("equal", "refuse", "bank: debt == 50000 = no", "a yes would leave one value"),
            ("not-equal", "refuse", "bank: debt != 50000 = yes", "a no would leave one value"),
            ("masked", "refuse", "bank: debt == 50000 || owns_home = yes", "each comparison counts as if it were told"),
            ("two", "spend", "bank: debt > 50000 && debt <= 60000 = yes", "10,000.00 between the two"),
            ("two-near", "refuse", "bank: debt > 50000 && debt < 60000 = yes", "a cent less"),
            ("always", "free", "bank: debt >= 0 = yes", "everybody's answer is known to everybody"),
            ("unpromised", "spend", 'bank: country == "US" = yes', "of a country nothing is promised"),
            ("pay", "spend", "bank: monthly_pay == 4000 = no", "nor by this schema"),
            ("clauses", "spend", "bank: debt > 50000 && owns_home with clauses = no, fails, holds", "each is told"),
        ),
    ),
    (
        ("bank: debt > 50000 = yes",),
        (
            ("again", "free", "bank: debt > 50000 = yes", "what was answered follows"),
            ("weaker", "free", "bank: debt > 49999.99 = yes", "and so does this, which would be refused otherwise"),
            ("other-way", "free", "bank: debt <= 50000 = no", "and this"),
            ("impossible", "free", "bank: debt == 7 = no", "and this"),
            ("next", "spend", "bank: debt > 60000 = no", "10,000.00 are left between"),
            ("near", "refuse", "bank: debt > 59999.99 = no", "a cent less"),
            ("somebody-else", "spend", "shop: debt > 50000 = yes", "nothing follows from what others were told"),
            ("somebody-near", "spend", "shop: debt > 59999.99 = no", "and nothing is refused for it"),
        ),
    ),
    (
        ("bank: debt > 50000 = yes", "changed: debt"),
        (
            ("anew", "spend", "bank: debt > 50000 = no", "the value may be another one, so nothing follows"),
            ("anew-near", "refuse", "bank: debt > 59999.99 = no", "what was separated stays separated"),
        ),
    ),
    (
        ("bank: owns_home = no",),
        (
            ("settled", "free", "bank: owns_home && debt > 50000 = no", "one clause settles it"),
            ("untold", "spend", "bank: owns_home && debt > 50000 with clauses = no, fails, holds", "but not the other"),
        ),
    ),
    (
        ("bank: age(date_of_birth) >= 21 = no",),
        (
            ("birthday", "refuse", "bank: age(date_of_birth) >= 21 on 2026-11-19 = no", "a yes would be a birthday"),
            ("month-near", "refuse", "bank: age(date_of_birth) >= 21 on 2026-12-17 = no", "29 days are not left over"),
            ("month", "spend", "bank: age(date_of_birth) >= 21 on 2026-12-18 = no", "30 days are"),
        ),
    ),
    (
        ("bank: age(date_of_birth) >= 21 = yes",),
        (("grown-up", "free", "bank: age(date_of_birth) >= 21 on 2026-11-19 = yes", "nobody gets younger"),),
    ),
)
FORMS = (
    (LINE, (("line", "spend", "bank: debt + net_worth > 460000 = no", "on either side there is room for both"),)),
    (
        (*LINE, "changed: debt"),
        (
            ("line-again", "spend", "bank: debt + net_worth <= 300000 = yes", "the same line, about another debt"),
            ("line-other", "refuse", "bank: debt + net_worth > 460000 = no", "both lines are about one net worth"),
        ),
    ),
)
LADDER = (
    (
        (),
        (
            ("rung", "spend", "bank: salary > 100000 = yes", "a threshold that the schema offers"),
            ("rung-no", "spend", "bank: salary > 100000 = no", "whatever the answer is"),
            ("rung-at-most", "spend", "bank: salary <= 100000 = no", "the same, the other way round"),
            ("rung-below", "refuse", "bank: salary >= 100000 = yes", "who has exactly that much is not singled out"),
            ("rung-less", "refuse", "bank: salary < 100000 = no", "nor so"),
            ("between", "refuse", "bank: salary > 110000 = no", "a threshold that is not offered"),
            ("form", "refuse", f"bank: {DTI} = yes", "a threshold wherever the debt puts it"),
            ("form-unpromised", "refuse", "bank: debt * 2 > monthly_pay * 5 = no", "nothing is promised of the pay"),
            ("form-promised", "spend", "bank: debt <= net_worth = yes", "both have a promise, and no ladder"),
            ("form-corner", "refuse", "bank: debt + net_worth < -99999999.99 = no", "a corner: one value of each"),
        ),
    ),
    (
        ("bank: salary > 100000 = yes",),
        (
            ("climb", "spend", "bank: salary > 120000 = no", "the next rung"),
            ("climbed", "free", "bank: salary > 110000.01 || salary > 50000 = yes", "it follows"),
            ("off", "refuse", "bank: salary > 110000.01 = yes", "and this does not"),
        ),
    ),
)


OFFERED = (
    (
        (),
        (
            ("offered", "spend", "bank: salary > 110000 = no", "the consent offers it"),
            ("offered-form", "spend", f"bank: {DTI} = yes", "and this form, with this number"),
            ("offered-form-other", "refuse", "bank: debt * 100 <= salary * 41 = yes", "not with another number"),
            ("offered-side", "refuse", "bank: salary >= 110000 = no", "not from the other side"),
        ),
    ),
)
SHARED = (
    (
        ("bank: debt > 50000 = yes",),
        (
            ("shared", "spend", "shop: debt > 60000 = no", "10,000.00 are left by the two together"),
            ("shared-near", "refuse", "shop: debt > 59999.99 = no", "a cent less"),
            ("shared-same", "spend", "shop: debt > 50000 = yes", "what others were told is not free, and adds nothing"),
        ),
    ),
)


def leakage_topic():
    about = "Which questions about one person are free, spend something, or are refused; what an answer discloses."
    topic = Topic("leakage", about, {"kyc-person": PERSON.to_json(), "payroll": PAY.to_json()})
    _ask(topic, (*ALONE, *FORMS, *LADDER))
    _ask(topic, OFFERED, offered=(DTI, "salary > 110000"))
    _ask(topic, SHARED, shared=True)
    base = topic.cases[0]["input"]
    before = [event("bank: debt == 50000 = no")]
    topic.reject("never", "question.decide", base | {"before": before}, "this was never answered", mutates="first")
    return topic


def _ask(topic, pasts, *, offered=(), shared=False):
    for past, questions in pasts:
        for name, verdict, text, why in questions:
            argument = {
                "schemas": [PERSON.to_json(), PAY.to_json()],
                "offered": list(offered),
                "shared": shared,
                "before": [event(each) for each in past],
                "question": event(text),
            }
            output = topic.accept(name, "question.decide", argument, why)
            if output["verdict"] != verdict:
                raise AssertionError(f"{name}: {output}")


def topics():
    return [leakage_topic()]
