"""Makes `people.csv`: `python -m api.samples.generate > api/samples/people.csv`. Same seed, same bytes.

Three customers are fixed, so that documentation can quote answers: C-1001 earns 128,400.00, C-1002 earns 61,250.50,
C-1003 has no salary on file. The rest is drawn; about one cell in thirty is missing, as in real files.
"""

import csv
import sys
from datetime import date, timedelta
from random import Random
from typing import Final, TextIO

SEED: Final = 20081122
PEOPLE: Final = 300
NEWEST_BIRTH: Final = date(2007, 12, 31)
OLDEST_BIRTH: Final = date(1942, 1, 1)
COLUMNS: Final = (
    "customer_id",
    "salary",
    "net_worth",
    "debt",
    "date_of_birth",
    "country",
    "sanctioned",
    "owns_home",
    "tenure_months",
    "employer",
)
MAY_BE_MISSING: Final = ("salary", "net_worth", "debt", "owns_home", "tenure_months", "employer")
FIXED: Final = (
    ("128400.00", "412000.00", "18500.00", "1984-02-29", "US", "false", "true", "64", "Harbour Freight Analytics"),
    ("61250.50", "38900.00", "24100.75", "2004-07-09", "CA", "false", "false", "11", "Northwind Dental"),
    ("", "905000.00", "0.00", "1958-11-30", "DE", "false", "true", "", ""),
)
COUNTRIES: Final = ("US", "US", "US", "US", "CA", "GB", "DE", "FR", "IN", "MX", "NG", "JP")
FIRST: Final = ("Harbour", "Northwind", "Juniper", "Granite", "Blue Heron", "Sable", "Copper", "Larch", "Meridian")
DEBT_FREE: Final = 0.35
SANCTIONED: Final = 0.02
HOME_OWNERS: Final = 0.55
SECOND: Final = ("Dental", "Logistics", "Foods", "Analytics", "Insurance", "Robotics", "Textiles", "Energy", "Clinics")


def money(draw: Random, median: float, spread: float) -> str:
    """An amount with cents around the median, log-normal as incomes are."""
    cents = round(median * draw.lognormvariate(0, spread) * 100)
    return f"{cents // 100}.{cents % 100:02d}"


def row(draw: Random) -> tuple[str, ...]:
    """One invented customer, without the id."""
    span = (NEWEST_BIRTH - OLDEST_BIRTH).days
    cells = {
        "salary": money(draw, 72_000, 0.55),
        "net_worth": money(draw, 110_000, 1.1),
        "debt": "0.00" if draw.random() < DEBT_FREE else money(draw, 14_000, 0.9),
        "date_of_birth": (OLDEST_BIRTH + timedelta(days=draw.randrange(span))).isoformat(),
        "country": draw.choice(COUNTRIES),
        "sanctioned": "true" if draw.random() < SANCTIONED else "false",
        "owns_home": "true" if draw.random() < HOME_OWNERS else "false",
        "tenure_months": str(min(480, int(draw.expovariate(1 / 60)))),
        "employer": f"{draw.choice(FIRST)} {draw.choice(SECOND)}",
    }
    for name in MAY_BE_MISSING:
        if draw.random() < 1 / 30:
            cells[name] = ""
    return tuple(cells[name] for name in COLUMNS[1:])


def write(file: TextIO) -> None:
    """Writes the sample: a header and `PEOPLE` rows."""
    draw = Random(SEED)  # noqa: S311 - reproducible sample rows, nothing secret
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number in range(PEOPLE):
        cells = FIXED[number] if number < len(FIXED) else row(draw)
        writer.writerow((f"C-{1001 + number}", *cells))


if __name__ == "__main__":
    write(sys.stdout)
