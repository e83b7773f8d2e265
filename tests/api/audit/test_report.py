"""The account of a replay, and the page made of it: whole, the same each time, and nothing in it but letters."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from api.audit.account import Account, Blamed, Days, Found, Party, Plot, Row, account
from api.audit.exporting import export_lines
from api.audit.markup import VOID
from api.audit.observations import Observations
from api.audit.reading import ServedLog
from api.audit.report_page import report_page
from api.cli.audited import tell
from api.peers.log_client import LogClient
from circuits.attributes import default_schema
from circuits.consent import Consent
from circuits.encoding import canonical_json
from verifier.audit.replay import replay
from verifier.trust import Trust

HOSTILE = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e&amp;"
SALARY = default_schema().attribute("salary")
TOLD = {"yes": 2, "no": 1, "undetermined": 0, "declined": 3}


def plot(*rows, left, attribute=SALARY, words="from 1 to 2", **more):
    said = tuple(
        Row(((low, high),), f"{low} to {high}", 1, (place,), ("bank",)) for place, (low, high) in enumerate(rows)
    )
    return Plot(**{"provider": "kyc", "subject": "ann", "credentials": (3,)} | more, attribute=attribute,
                answers=len(rows), rows=said, left=left, words=words)  # fmt: skip


CLEAN = Account(
    clean=True,
    verdict="This log holds.",
    origin="verifier.example/log",
    log_key="verifier.example/log+acb32b12+AR",
    attestation_key={"kty": "OKP", "x": "AAAA"},
    witnesses=0,
    checkpoint="verifier.example/log\n7\nroot\n\n— verifier.example/log sig\n",
    source="log.jsonl",
    engine="fast",
    made_at="2026-11-22T15:46:17Z",
    seconds=1.25,
    resumed_at=0,
    entries=7,
    answers=3,
    counts={"answer": 3, "provider": 1},
    outcomes=TOLD,
    undetermined={},
    erased={"2026-11-21": 4},
    first_at="2026-11-20T00:00:00Z",
    last_at="2026-11-22T00:00:00Z",
    providers=(Party("kyc", "Acme KYC", TOLD),),
    relying_parties=(Party("bank", "bank", TOLD),),
    purposes=(Party("tenancy", "to decide on a lease", TOLD),),
    days=(Days("2026-11-20", 1, TOLD), Days("2026-11-22", 1, TOLD)),
    findings=(),
    findings_count=0,
    blamed=(),
    contradictions=(),
    intervals=(plot((0, 7_500_000), (6_000_000, 1_000_000_000), left=((6_000_000, 7_500_000),)),),
)
FOUND = Found(
    5, "2026-11-22T00:00:00Z", "provider", "the provider Acme KYC (kyc)", "contradiction", "two values", (2, 5)
)
BROKEN = replace(
    CLEAN,
    clean=False,
    verdict="This log does not hold.",
    findings=(Found(None, None, "log operator", "the log operator", "root", "other root", ()), FOUND),
    findings_count=107,
    blamed=(Blamed("provider", FOUND.who, 1), Blamed("log operator", "the log operator", 1)),
    contradictions=(plot((0, 5_000_000), (7_500_000, 1_000_000_000), left=(), words="nothing: impossible"),),
)
BAD_NAMES = replace(
    BROKEN,
    verdict=HOSTILE,
    origin=HOSTILE,
    log_key=HOSTILE,
    source=HOSTILE,
    checkpoint=HOSTILE,
    counts={HOSTILE: 1},
    undetermined={HOSTILE: 1},
    providers=(Party(HOSTILE, HOSTILE + "x", TOLD),) * 30,
    relying_parties=(Party(HOSTILE, HOSTILE, TOLD),),
    purposes=(Party(HOSTILE, HOSTILE, TOLD),),
    findings=(replace(FOUND, who=HOSTILE, code=HOSTILE, reason=HOSTILE),),
    blamed=(Blamed("provider", HOSTILE, 1),),
    contradictions=(plot((0, 1), left=(), words=HOSTILE, provider=HOSTILE, subject=HOSTILE),),
    intervals=(),
)


class Page(HTMLParser):
    """Reads a page and holds it to: every element closed in turn, no script, nothing loaded, nothing that acts."""

    ALLOWED = frozenset(
        [
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "header",
            "section",
            "footer",
            "h1",
            "h2",
            "h3",
            "p",
            "strong",
            "small",
            "span",
            "bdi",
            "br",
            "i",
            "code",
            "pre",
            "ul",
            "li",
            "dl",
            "dt",
            "dd",
            "div",
            "table",
            "caption",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "figure",
            "figcaption",
            "svg",
            "g",
            "rect",
            "line",
            "circle",
            "path",
            "text",
        ]
    )

    def __init__(self, content):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.headings = [], [], []
        self.feed(content.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        assert name in self.ALLOWED
        for key, value in attributes:
            assert key not in ("src", "href", "action", "srcset")
            assert not key.startswith("on")
            assert "url(" not in (value or "")
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.handle_starttag(name, attributes)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.texts.append(data)
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data)

    @property
    def text(self):
        return " ".join(self.texts)


def test_the_structure_of_a_page():
    page = Page(report_page(CLEAN))
    assert page.headings == [
        *("Audit of the log ", "When", "Questions by day", "Who", "What the answers say together", "salary of "),
        "How this was checked",
    ]
    for said in ("This log holds.", "Acme KYC", "4 on 2026-11-21", "0 to 7500000", "libsecp256k1", CLEAN.checkpoint):
        assert said in page.text
    assert "default-src 'none'" in report_page(CLEAN).decode().replace("&#x27;", "'")


def test_consents_that_were_taken_back_are_counted(capsys):
    for number, said in ((1, "1 consent\n"), (2, "2 consents\n")):
        account = replace(CLEAN, counts=dict(CLEAN.counts) | {"withdrawal": number})
        assert f"consents taken back</dt><dd>{number}</dd>" in report_page(account).decode()
        tell(account, as_json=False)
        (line,) = (each for each in capsys.readouterr().out.splitlines() if each.startswith("taken back"))
        assert line.split() == ["taken", "back", *said.split()]
    tell(CLEAN, as_json=False)
    assert "taken back" not in capsys.readouterr().out


def test_one_question_is_one():
    one = replace(CLEAN, days=(Days("2026-11-20", 1, dict.fromkeys(TOLD, 0) | {"yes": 1}),))
    assert "1 question, 2026-11-20" in Page(report_page(one)).text
    assert "1 questions" not in Page(report_page(one)).text


def test_a_broken_log_says_so_first_and_shows_the_contradiction():
    written = report_page(BROKEN).decode()
    page = Page(written.encode())
    assert page.headings[1:3] == ["What does not hold", "Answers that contradict each other"]
    for said in ("This log does not hold.", "the provider Acme KYC (kyc)", "two values", "entries 2, 5", "105 more"):
        assert said in page.text
    assert 'class="none"' in written
    assert 'class="none"' not in report_page(CLEAN).decode()


@pytest.mark.parametrize("told", [CLEAN, BROKEN, BAD_NAMES], ids=["clean", "broken", "hostile"])
def test_the_same_account_gives_the_same_bytes(told):
    assert report_page(told) == report_page(replace(told))
    assert json.loads(json.dumps(told.to_json())) == json.loads(json.dumps(replace(told).to_json()))


def test_hostile_names_are_letters():
    page = Page(report_page(BAD_NAMES))
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in page.text
    assert "\\u202e" in page.text
    assert json.loads(json.dumps(BAD_NAMES.to_json()))["origin"] == HOSTILE


@pytest.mark.parametrize("name", [each.name for each in default_schema() if each.name != "employer"])
def test_every_kind_of_attribute_is_drawn(name):
    attribute = default_schema().attribute(name)
    low, high = attribute.minimum, attribute.maximum
    for rows, left in ((((low, high),), ((low, high),)), (((low, low), (high, high)), ())):
        drawn = plot(*rows, left=left, attribute=attribute)
        Page(report_page(replace(CLEAN, intervals=(drawn,))))
        assert len(json.loads(json.dumps(replace(CLEAN, intervals=(drawn,)).to_json()))["intervals"][0]["rows"]) == len(
            rows
        )


@pytest.fixture(scope="module")
def asked(world):
    answers = [world.ask(f"salary > {threshold}", "ann") for threshold in (1, 50_000, 50_000, 9_000_000)]
    assert {each.status_code for each in answers} == {201}
    assert world.ask(subject="nobody").status_code == 403
    with LogClient(world.verifier_server.url, key=world.verifier.auditor.text) as client:
        return list(export_lines(ServedLog(client)))


def made(world, lines):
    trust = Trust(world.verifier.signer.verifier, world.verifier.signing_key.public)
    seen = Observations()
    report = replay(lines, trust=trust, observe=seen)
    return account(report, seen, trust=trust, source="here", made_at=1_795_000_000, seconds=0.5)


def test_the_account_of_a_real_log(world, asked):
    told = made(world, asked)
    assert told.clean
    assert (told.entries, told.answers) == (len(asked) - 1, 4)
    assert told.outcomes["declined"] == 1
    assert told.signed == 0
    assert told.outcomes["yes"] + told.outcomes["no"] == 4
    assert sum(sum(each.outcomes.values()) for each in told.days) == 5
    assert [each.outcomes for each in told.relying_parties] == [told.outcomes]
    assert [(each.id, each.name, each.outcomes) for each in told.purposes] == [
        ("sandbox", "to try this service out", told.outcomes)
    ]
    (drawn,) = told.intervals
    handle = Consent.peek(world.consent("ann")).handle
    assert (drawn.subject, drawn.attribute.name, drawn.answers) == (handle, "salary", 4)
    assert sorted(row.answers for row in drawn.rows) == [1, 1, 2]
    assert drawn.left
    assert all(
        low <= drawn.left[0][0] <= drawn.left[-1][1] <= high for row in drawn.rows for low, high in row.intervals
    )
    Page(report_page(told))


def test_the_account_of_a_changed_log_names_who_and_when(world, asked):
    place = next(n for n, line in enumerate(asked) if b'"kind":"answer"' in line)
    line = json.loads(asked[place])
    body = json.loads(line["body"])
    body["answer"] = "no" if body["answer"] == "yes" else "yes"
    line["body"] = canonical_json(body).decode()
    told = made(world, [*asked[:place], canonical_json(line) + b"\n", *asked[place + 1 :]])
    assert not told.clean
    assert [each.code for each in told.findings][:1] == ["root"]
    proof = next(each for each in told.findings if each.index == place - 1)
    assert (proof.blame, proof.who) == ("verifier", "the verifier")  # who changed it since accuses no provider
    assert told.first_at <= proof.at <= told.last_at
    assert "the log operator is to blame" in told.verdict
    Page(report_page(told))
