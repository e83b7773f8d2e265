"""Bodies of the log's entries: every kind, each member missing, and members in another form."""

import json
from dataclasses import replace

from bodies import BANK, NEXT_ATTESTING, changed, lacking, signed
from topics import Topic
from world import ATTESTING, NOW, ORIGIN, PROVIDER, SIGNING, granted, peopled, query

from circuits.encoding import canonical_json
from circuits.erasure import sign_erasure
from circuits.query import Reasons
from circuits.withdrawal import withdraw
from verifier.entries.attestors import rotate
from verifier.entries.erasure import ErasureEntry
from verifier.entries.kinds import DeclinedEntry, RevocationEntry, UndeterminedEntry, encode
from verifier.entries.parties import PartyEntry
from verifier.entries.revocation import revoke
from verifier.entries.withdrawal import WithdrawalEntry


def entry_topic():
    topic = Topic("entry", "Bodies of the log's entries: every kind, and the one form of each.")
    world, held = peopled()
    ada = held["ada"][0]
    entries = {entry["kind"]: entry for entry in map(json.loads, world.bodies)}
    bodies = {kind: canonical_json(entry).decode() for kind, entry in entries.items()}
    revoked = revoke(provider=PROVIDER, credential=ada.id, reason="compromised", issued_at=NOW, key=SIGNING)
    ids = [credential.id for credential in held["ada"]]
    erased = sign_erasure(provider=PROVIDER, credentials=ids, issued_at=NOW, key=SIGNING)
    withdrawn = withdraw(provider=PROVIDER, consent=granted().digest, issued_at=NOW, key=SIGNING)
    party = PartyEntry("first-bank", BANK.public, NOW)
    more = {
        "answer": world.answer(query(), ada),
        "answer-clauses": world.answer(
            query("salary > 100000 && owns_home", "bob", reasons=Reasons.FAILED_CLAUSES), held["bob"][0]
        ),
        "answer-signed": world.answer(query(), ada, request=signed()),
        "revocation": RevocationEntry(revoked.token),
        "undetermined": UndeterminedEntry(query(), 3, "stale", ada.id, granted().token),
        "undetermined-absent": UndeterminedEntry(query(), 3, "absent", None, granted().token),
        "declined": DeclinedEntry(query(), 3),
        "party": party,
        "party-gone": replace(party, key=None),
        "erasure": ErasureEntry(erased.token, (4, 5)),
        "withdrawal": WithdrawalEntry(withdrawn.token),
        "attestor": rotate(origin=ORIGIN, key=NEXT_ATTESTING.public, by=ATTESTING, now=NOW),
    }
    bodies |= {name: encode(entry, NOW).decode() for name, entry in more.items()}
    topic.shared |= {name: body for name, body in bodies.items() if len(body) > 300}
    for name, body in bodies.items():
        topic.accept(name, "entry.read", {"body": body}, "RFC 8785 JSON; kind and at are in every body")
        for case, text, why in (
            ("extra", changed(body, more=1), "a member more"),
            ("kind", changed(body, kind="rumour"), "no such kind"),
            ("time", changed(body, at="2026-11-18 11:06:40Z"), "a time in another form"),
            ("no-time", lacking(body, "at"), "no time"),
            ("cut", body[:-1], "it does not end"),
        ):
            topic.reject(f"{name}-{case}", "entry.read", {"body": text}, why, mutates=name)
        for member in sorted(set(json.loads(body)) - {"at", "kind"}):
            why = f"without {member}"
            topic.reject(f"{name}-no-{member}", "entry.read", {"body": lacking(body, member)}, why, mutates=name)
    (told,) = json.loads(bodies["answer"])["disclosed"]
    for name, base, change, why in (
        ("answer-maybe", "answer", {"answer": "maybe"}, "neither yes nor no"),
        ("answer-number", "answer", {"asked_at": -1}, "a negative number of entries"),
        ("answer-bool", "answer", {"asked_at": True}, "true is no number"),
        ("answer-none", "answer", {"credentials": []}, "from no credential"),
        ("answer-nine", "answer", {"credentials": [ada.id] * 9}, "from nine credentials"),
        ("answer-proof", "answer", {"proof": "A"}, "no base64url"),
        ("answer-query", "answer", {"query": None}, "no question"),
        ("answer-consent", "answer", {"consent": ""}, "under no consent"),
        ("answer-consent-long", "answer", {"consent": "x" * 32_769}, "a consent of more than 32 KiB"),
        *(
            (f"answer-disclosed-{name}", "answer", {"disclosed": disclosed}, why)
            for name, disclosed, why in _not_told(told)
        ),
        ("undetermined-consent", "undetermined", {"consent": None}, "under no consent"),
        ("undetermined-reason", "undetermined", {"reason": "busy"}, "no such reason"),
        ("erasure-order", "erasure", {"entries": [5, 4]}, "numbers out of order"),
        ("erasure-twice", "erasure", {"entries": [4, 4]}, "a number twice"),
        ("erasure-negative", "erasure", {"entries": [-1]}, "a negative number"),
        ("erasure-bool", "erasure", {"entries": [False, True]}, "false is no number"),
        ("party-empty", "party", {"party": ""}, "nobody"),
        ("attestor-lost", "attestor", {"reason": "lost"}, "a key that was lost has signed nothing"),
    ):
        topic.reject(name, "entry.read", {"body": changed(bodies[base], **change)}, why, mutates=base)
    return topic


def _not_told(told):
    """What is no list of what an answer disclosed."""
    yield "object", told, "one is no list"
    yield "more", [told | {"more": 1}], "a member more"
    yield "less", [{name: told[name] for name in told if name != "narrowest"}], "a member less"
    yield "many", [told] * 65, "of more than 64 attributes"
    yield "attribute", [told | {"attribute": 1}], "a number is no attribute"
    for name, bits in (("whole", "1"), ("number", 1), ("zero", "01.00"), ("minus", "-1.00"), ("four", "1000.00")):
        yield f"bits-{name}", [told | {"bits": bits}], "bits have up to three digits, a point and two more"
    for name, left, why in (
        ("none", [], "nothing is left"),
        ("numbers", [[5, 9]], "values are texts"),
        ("zeros", [["05", "9"]], "a number has one text"),
        ("minus-0", [["-0", "9"]], "a number has one text"),
        ("long", [["0", "1" + "0" * 80]], "a number of more than 80 digits"),
        ("three", [["5", "7", "9"]], "an interval has two ends"),
        ("empty", [["9", "5"]], "an interval that is empty"),
        ("turned", [["7", "9"], ["1", "5"]], "intervals out of order"),
        ("touching", [["1", "5"], ["6", "9"]], "two intervals that are one"),
        ("overlap", [["1", "6"], ["6", "9"]], "a value twice"),
        ("many", [[str(4 * n), str(4 * n + 1)] for n in range(1025)], "more than 1024 intervals"),
    ):
        yield f"left-{name}", [told | {"left": left}], why
    for name, narrowest in (("minus", -1), ("text", "1000000"), ("bool", True)):
        yield f"narrowest-{name}", [told | {"narrowest": narrowest}], "it is a number up to 2^53 - 1, or null"


def topics():
    return [entry_topic()]
