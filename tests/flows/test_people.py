"""A person, a lender, a provider's operator and an auditor, each with what they have.

That is a token, a consent, a command line, pins. Lender and person speak HTTP and nothing else.
"""

import time

import httpx2
import pytest

ANN, BEN = "W-1", "W-2"
PEOPLE = f"customer_id,salary,debt,country\n{ANN},128400.00,18500.00,US\n{BEN},61250.50,24100.75,CA\n"
BANK = "story-bank"
TERMS = ("--purpose", "credit-decision", "--attribute", "salary", "--attribute", "debt", "--threshold", "salary=100000")
PATIENCE = 60


@pytest.fixture(scope="module")
def imported(up, tmp_path_factory):
    file = tmp_path_factory.mktemp("people") / "people.csv"
    file.write_text(PEOPLE)
    told = up.attest("prover", "import", file, "--subject", "customer_id", "--no-consent", "--json").json
    assert (told["issued"], told["registered"], told["consented_to"]) == (2, 2, None)
    return up


@pytest.fixture(scope="module")
def lender(imported):
    """A bank of its own, with a key of its own."""
    key = imported.attest("verifier", "client", "add", BANK, "--json").json["key"]
    with client(imported.told["verifier"], key) as bank:
        yield bank


@pytest.fixture(scope="module")
def consent(imported, tmp_path_factory):
    """The consent that Ann gave the bank, in the file that the provider handed out."""
    file = tmp_path_factory.mktemp("bank") / "ann.consent"
    file.write_text(imported.attest.consent(ANN, BANK, *TERMS))
    return file


@pytest.fixture(scope="module")
def person(imported):
    """Ann, with a token."""
    with client(imported.told["prover"], token_of(imported, ANN)) as ann:
        yield ann


def client(url, key):
    return httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20, trust_env=False)


def token_of(up, subject):
    return up.attest("prover", "subject", "token", "--subject", subject, "--json").json["token"]


def ask(bank, predicate, consent, **more):
    return bank.post("/v1/queries", json={"predicate": predicate, "consent": consent, **more})


def await_told(up, what):
    """Wait until the provider has told the verifier, and the checkpoint that everybody is shown covers it."""
    deadline = time.monotonic() + PATIENCE
    while httpx2.get(f"{up.told['prover']}/readyz", trust_env=False).json()[what]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_without_a_consent_there_is_no_answer_and_with_one_only_what_it_says(imported, lender, consent):
    error = imported.attest("ask", "salary > 100000", "--subject", BEN, "--json", code=3).json["error"]
    assert (error["kind"], "consent grant" in error["remedy"]) == ("declined", True)

    token = consent.read_text()
    answer = ask(lender, "salary > 100000", token)
    assert (answer.status_code, answer.json()["answer"]) == (201, "yes")
    (disclosed,) = answer.json()["disclosed"]
    assert (disclosed["attribute"], disclosed["words"]) == ("salary", "at least 100,000.01 USD per year")

    sandbox = imported.attest.consent(ANN, None, "--purpose", "sandbox")
    others = [ask(lender, "salary > 100000", sandbox)]
    others += [ask(lender, text, token) for text in ("salary > 50000", 'country == "US"', "debt > 0 || owns_home")]
    others += [ask(lender, "salary > 100000", token, reasons="failed-clauses")]
    assert {(each.status_code, each.content) for each in others} == {(403, others[0].content)}


def test_a_lender_that_bisects_is_stopped_and_the_person_sees_it(lender, consent, person):
    low, high = 0, 64_000
    while True:
        answer = ask(lender, f"debt > {(low + high) // 2}", consent.read_text())
        if answer.status_code == 403:
            break
        low, high = ((low + high) // 2, high) if answer.json()["answer"] == "yes" else (low, (low + high) // 2)
    assert high - low >= 10_000
    assert low < 18_500 < high

    page = person.get("/v1/subjects/me/inquiries", params={"limit": 200}).json()
    newest, *_, oldest = page["inquiries"]
    assert (newest["outcome"], newest["reason"]) == ("declined", "residual")
    assert (oldest["relying_party"], oldest["purpose"], oldest["answer"]) == (BANK, "credit-decision", "yes")
    known = person.get("/v1/subjects/me/knowledge").json()["knowledge"]
    facts = {fact["attributes"][0]: fact for fact in known[0]["facts"]}
    assert facts["debt"]["left"] == [[str(low * 100 + 1), str(high * 100)]]
    assert facts["debt"]["narrowest"] >= 1_000_000


def test_each_token_opens_what_is_its_holders(imported, person):
    mine = person.get("/v1/subjects/me").json()["consents"]
    assert {each["relying_party"] for each in mine} == {BANK, "sandbox-lender"}
    with client(imported.told["prover"], token_of(imported, BEN)) as ben:
        assert ben.get("/v1/subjects/me/inquiries").json()["inquiries"] == []
        assert ben.get("/v1/subjects/me").json()["consents"] == []
    for wrong in ("zks_", "zks_" + "A" * 43, imported.attest.home.keys()["lender"]):
        with client(imported.told["prover"], wrong) as nobody:
            assert nobody.get("/v1/subjects/me/inquiries").status_code == 401


def test_a_dispute_holds_until_the_provider_has_settled_it(imported, lender, consent, person):
    token = consent.read_text()
    assert ask(lender, "salary > 100000", token).json()["answer"] == "yes"
    assert person.post("/v1/subjects/me/dispute").json()["disputed_at"]
    told = ask(lender, "salary > 100000", token)
    assert (told.status_code, told.json()["outcome"], told.json()["reason"]) == (200, "undetermined", "disputed")
    imported.attest("prover", "subject", "settle", "--subject", ANN)
    assert ask(lender, "salary > 100000", token).json()["answer"] == "yes"


def test_what_is_taken_back_binds_at_once_and_the_log_says_so(imported, lender):
    def withdrawals():
        told = imported.attest("audit", "replay", "--json").json
        assert told["clean"]
        return told["counts"].get("withdrawal", 0)

    before = withdrawals()
    given = imported.attest("prover", "consent", "grant", "--subject", BEN, "--relying-party", BANK, *TERMS, "--json")
    token = given.json["consent"]
    assert ask(lender, "salary > 100000", token).json()["answer"] == "no"
    imported.attest("prover", "consent", "revoke", "--id", given.json["id"])
    assert ask(lender, "salary > 100000", token).status_code == 403
    await_told(imported, "pending_withdrawals")
    assert withdrawals() == before + 1


def test_a_person_is_erased_at_their_own_word_and_every_tombstone_is_counted(
    imported, lender, consent, person, tmp_path
):
    def audited():
        told = imported.attest("audit", "replay", "--json").json
        assert told["clean"]
        return told["answers"], sum(told["erased"].values())

    answer = ask(lender, "salary > 100000", consent.read_text()).json()
    asked = person.get("/v1/subjects/me/inquiries", params={"limit": 200}).json()["inquiries"]
    answers, erased = audited()
    gone = person.delete("/v1/subjects/me").json()
    await_told(imported, "pending_erasures")

    (tmp_path / "receipt.jws").write_text(gone["receipt"])
    keys = tmp_path / "jwks.json"
    keys.write_bytes(httpx2.get(f"{imported.told['prover']}/.well-known/jwks.json", trust_env=False).content)
    receipt = imported.attest("prover", "receipt", "verify", tmp_path / "receipt.jws", "--keys", keys, "--json").json
    assert receipt["erased"] == {"credentials": 1, "consents": 2, "inquiries": len(asked)}
    assert person.get("/v1/subjects/me").status_code == 401
    assert ask(lender, "salary > 100000", consent.read_text()).status_code == 403
    assert lender.get(f"/v1/queries/{answer['id']}").status_code == 410

    proven = sum(each["outcome"] == "answered" for each in asked)
    left, tombstones = audited()
    assert (left, tombstones - erased) == (answers - proven, 1 + len(asked))
