"""Whether a person's ledger, the log and what was told over HTTP are the same answers, each of them once."""

import json

from circuits.consent import Consent
from verifier.log.leaves import LoggedEntry


def mine(world, subject, path):
    """What a person sees, page by page."""
    with world.prover_server.client(world.provider.operator) as operator:
        token = operator.post("/v1/subject-tokens", json={"subject": subject}).json()["token"]
    found, query = [], ""
    with world.prover_server.client() as person:
        while query is not None:
            page = person.get(f"/v1/subjects/me/{path}{query}", headers={"Authorization": f"Bearer {token}"}).json()
            found += page[path]
            query = f"?cursor={page['next']}" if page.get("next") else None
    return found


def logged(world, handle):
    """What the log says of a person: (kind, id of the query, answer) each."""
    log = world.verifier.service.log
    log.caught_up()
    for entry in log.read(0):
        body = json.loads(entry.body) if isinstance(entry, LoggedEntry) else {}
        if entry.kind in {"answer", "declined"} and body["query"]["subject"] == handle:
            yield entry.kind, body["query"]["id"], body.get("answer")


def require_exact(world, subject, consent, responses):
    """The ledger, the log and what was told over HTTP are the same answers, each of them once; returns how many."""
    told = {each.json()["id"]: each.json() for each in responses if each.status_code == 201}
    ledger = mine(world, subject, "inquiries")
    log = list(logged(world, Consent.peek(consent).handle))
    answers = sorted((number, answer["answer"]) for number, answer in told.items())
    assert sorted((each["id"], each["answer"]) for each in ledger if each["outcome"] == "answered") == answers
    assert sorted((number, answer) for kind, number, answer in log if kind == "answer") == answers
    declined = sorted(each["id"] for each in ledger if each["outcome"] == "declined")
    assert sorted(number for kind, number, _ in log if kind == "declined") == declined
    # What the prover keeps as known is what the answers left, all of them together.
    (known,) = [each for each in mine(world, subject, "knowledge") if each["relying_party"] == "acme-bank"]
    (fact,) = known["facts"]
    left = [answer["disclosed"][0]["left"][0] for answer in told.values()]
    low, high = max(int(each[0]) for each in left), min(int(each[1]) for each in left)
    assert fact["left"] == [[str(low), str(high)]]
    assert high - low + 1 >= 1000
    return len(answers), len(declined)
