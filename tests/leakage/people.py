"""The people who are attacked, under the schema that ships and another version of it."""

import random

from attackers import CENT

from circuits import calendar
from circuits.attributes import Schema, default_schema

TODAY = calendar.day_number("2026-11-22")
SCHEMA = default_schema()
PLANE = ("debt", "net_worth")
LADDER = SCHEMA.attribute("salary").disclosure.ladder
DEBT = (0, 500_000_00)


def _wider():
    """The next version: a debt may be twice as high."""
    described = SCHEMA.to_json()
    attributes = [
        each | {"max": "2000000000.00"} if each["name"] == "debt" else each for each in described["attributes"]
    ]
    return Schema.from_json(described | {"version": 2, "attributes": attributes})


WIDER = _wider()


def person(dice):
    """Somebody, with round figures as often as people have them."""
    salary = dice.choice(LADDER) if dice.random() < 0.3 else int(min(dice.lognormvariate(11, 0.6), 9e6)) * CENT
    return {
        "salary": salary,
        "debt": min(int(dice.lognormvariate(10, 1.2)) * CENT, DEBT[1]),
        "net_worth": int(dice.gauss(80_000, 120_000)) * CENT,
        "date_of_birth": TODAY - dice.randrange(18 * 365, 80 * 365),
        "owns_home": dice.randrange(2),
        "sanctioned": 0,
    }


def luck(*seed):
    """Dice that fall the same way again."""
    return random.Random(" ".join(map(str, seed)))  # noqa: S311 - an attacker's luck is no secret
