"""Every way to be declined, made once in a running world: what is asked then, as often as one likes."""

import os
import time

from circuits.jws import SigningKey

DEBT = {"name": "debt", "type": "integer", "min": "0", "max": "100000", "disclosure": {"residual": "1000"}}
SCORE = {"name": "score", "type": "integer", "min": "0", "max": "900", "disclosure": {"ladder": ["300", "600"]}}
BRANCH = {"name": "branch", "type": "integer", "min": "0", "max": "99999"}
SCHEMA = {"schema": "declines", "version": 1, "attributes": [DEBT, SCORE, {"name": "home", "type": "bool"}, BRANCH]}
VALUES = {"debt": "50500", "score": "450", "home": "yes", "branch": "7"}
QUESTION = "debt > 50000"
PEOPLE = ("fine", "narrow", "often", "withdrawn", "erased", "expired")


def kinds(world):
    """Make all kinds in a world: the body of a question for each; the person `fine` is answered all the time."""
    world.issue(dict.fromkeys(PEOPLE, VALUES), schema=SCHEMA)
    granted = world.consent
    found = {
        "nobody's consent": (QUESTION, world.nobodys()),
        "signed by another": (QUESTION, world.nobodys(key=SigningKey.generate(entropy=os.urandom(32)))),
        "another lender's": (QUESTION, granted("fine", "other-bank")),
        "through another verifier": (QUESTION, granted("fine", via="other.example/log")),
        "attribute": (QUESTION, granted("fine", allowed=allowed(attributes=["home"]))),
        "threshold": (QUESTION, granted("fine", allowed=allowed(thresholds={"debt": ["20000"]}))),
        "form": ("debt > branch", granted("fine")),
        "ladder": ("score > 301", granted("fine")),
        "residual": ("debt > 50100", granted("narrow")),
        "used up": (QUESTION, granted("often", frequency={"count": 1, "seconds": 86_400})),
        "withdrawn": (QUESTION, granted("withdrawn")),
        "erased": (QUESTION, granted("erased")),
        "expired": (QUESTION, granted("expired", expires_at=soon(2))),
    }
    bodies = {name: {"predicate": text, "consent": consent} for name, (text, consent) in found.items()}
    bodies["reasons"] = {
        "predicate": QUESTION,
        "consent": granted("fine", reasons="outcome-only"),
        "reasons": "failed-clauses",
    }
    for name in ("residual", "used up", "withdrawn", "erased", "expired"):
        assert world.ask(QUESTION, consent=bodies[name]["consent"]).status_code == 201
    _take_back(world, "withdrawn")
    _erase(world, "erased")
    time.sleep(3)
    return bodies


def allowed(**changes):
    return {"attributes": None, "thresholds": {}, "questions": []} | changes


def soon(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def _take_back(world, subject):
    with world.prover_server.client(world.provider.operator) as operator:
        listed = operator.get("/v1/consents", params={"subject": subject}).json()["consents"]
        assert operator.post(f"/v1/consents/{listed[0]['id']}/revoke").status_code == 200
    _await(world, "pending_withdrawals")


def _erase(world, subject):
    eraser = world.prover_server.app.state.service.eraser
    eraser.erase(subject, now=int(time.time()), entropy=os.urandom)
    _await(world, "pending_erasures")


def _await(world, name):
    deadline = time.monotonic() + 60
    with world.prover_server.client() as client:
        while client.get("/readyz").json()[name]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
