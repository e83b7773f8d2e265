"""The chapters of `attest demo` that are about people: what they consent to, what they see, what they may have done.

All of it is done over HTTP, with the key of the provider's operator, of another lender, or with the person's own token.
"""

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape
from rich.table import Table

from api.cli.demo_lender import replay_log
from api.cli.demo_stage import Stage, ask_or_declined
from api.cli.failures import CommandError, ExitCode

if TYPE_CHECKING:
    from api.peers.lender_client import ServiceClient
    from verifier.trust import Trust

CONSENTING: Final = "C-1001"
OTHER: Final = "other-bank"
NARROW: Final = {"attributes": ["salary"], "thresholds": {"salary": ["100000"]}, "questions": []}
PROBED: Final = "C-1019"
"""Whose debt somebody wants to know to the dollar; who then has everything erased."""
CEILING: Final = 100_000
"""What the debt is below: the lender has that from elsewhere."""
DAY: Final = 86_400
SHOWN: Final = 5


def show_consents(stage: Stage, operator: "ServiceClient") -> dict[str, Any]:
    """Whom a person lets ask, and what: the lender of the sandbox, and one that may ask a single thing."""
    from api.allowance import promise
    from circuits.attributes import default_schema
    from circuits.calendar import rfc3339

    stage.chapter("Consent", "there is no answer without one; the provider signs it for the person")
    config = stage.home.config()
    terms = {"relying_party": OTHER, "via": config.origin, "purpose": "credit-monitoring", "allowed": NARROW}
    expiring = {"expires_at": rfc3339(int(time.time()) + 30 * DAY)}
    given = operator.post("/v1/consents", {"subject": CONSENTING, **terms, **expiring})
    found = operator.get("/v1/consents", subject=CONSENTING)["consents"]
    table = Table(box=None, padding=(0, 0, 0, 2), header_style="dim")
    for name in ("lender", "knows the person as", "what for", "may ask"):
        table.add_column(name, overflow="fold")
    for each in found:
        table.add_row(each["relying_party"], each["handle"], each["purpose"], _allowed(each["allowed"]))
    stage.say(f"{CONSENTING} lets two lenders ask, for yes or no without reasons:")
    stage.show(table)
    stage.say("and whoever asks, the schema promises that so much stays possible:")
    promised = {each.name: promise(each)["words"] for each in default_schema() if each.disclosure}
    for name in ("salary", "debt", "date_of_birth"):
        stage.say(f"[dim]{name:<15}{escape(promised[name].rpartition('; ')[2])}[/]")
    return {"subject": CONSENTING, "consents": found, "granted": given["id"], "promised": promised}


def _allowed(allowed: dict[str, Any]) -> str:
    if allowed["attributes"] is None:
        return "anything"
    rungs = {name: " or ".join(texts) for name, texts in allowed["thresholds"].items()}
    return ", ".join(f"{name} at {rungs[name]}" if name in rungs else name for name in allowed["attributes"])


def probe(stage: Stage, lender: "ServiceClient") -> dict[str, Any]:
    """A lender halves what is left of somebody's debt, until it is declined; then it tries other words.

    Raises:
        CommandError: it got further than is promised.
    """
    from circuits.attributes import default_schema

    stage.chapter("Probing", f"a lender wants {PROBED}'s debt to the dollar, and halves what is left")
    consent = stage.consents[PROBED]
    low, high = Decimal(0), Decimal(CEILING)
    asked: list[dict[str, Any]] = []
    while not asked or asked[-1]["outcome"] == "answer":
        middle = (low + high) / 2
        asked.append(ask_or_declined(lender, f"debt > {middle.normalize():f}", consent))
        stage.show_question(asked[-1])
        low, high = (middle, high) if asked[-1].get("answer") == "yes" else (low, middle)
    refused = asked[-1]["predicate"]
    tricks = [f"!({refused.replace('>', '<=')})", f"{refused} || sanctioned", "salary > 123456"]
    tried = [ask_or_declined(lender, trick, consent) for trick in tricks]
    for each in tried:
        stage.show_question(each)
    again = ask_or_declined(lender, asked[1]["predicate"], consent)
    stage.show_question(again)
    last = next(each for each in reversed(asked) if each["outcome"] == "answer")["disclosed"][0]
    disclosure = default_schema().attribute("debt").disclosure
    residual = disclosure.residual if disclosure and disclosure.residual else 0
    if last["narrowest"] < residual or {each["outcome"] for each in tried} != {"declined"}:
        raise CommandError("more was told than is promised", remedy="report this", code=ExitCode.FAILED)
    stage.say(f"[green]{last['narrowest_words']}[/] wide, and no further. What it knows already it may ask again.")
    stage.say("[dim]To decline, no value is looked at: past questions and their answers decide.[/]")
    promised = {"promised": residual, "narrowest": last["narrowest"], "left": last["words"]}
    return {"subject": PROBED, "asked": asked, "tried": tried, "again": again, **promised}


def see(stage: Stage, lender: "ServiceClient", operator: "ServiceClient", person: "ServiceClient") -> dict[str, Any]:
    """What the person sees: who asked what, what became of it, why, and who knows what by now."""
    stage.chapter("Their ledger", f"{PROBED}, with a token of their own: who asked, and why")
    found = person.get("/v1/subjects/me/inquiries", limit=200)["inquiries"]
    known = person.get("/v1/subjects/me/knowledge")["knowledge"]
    first = found[0]
    stage.say(f"{len(found)} questions of {first['relying_party']}, {first['purpose_words']}:")
    for each in found[:SHOWN]:
        stage.show_question(each)
    stage.say(f"[dim]and {len(found) - SHOWN} before that[/]")
    for insight in known:
        for fact in insight["facts"]:
            named = ", ".join(fact["attributes"])
            stage.say(f"{insight['relying_party']} knows of {named}: [bold]{escape(fact['words'])}[/], no more")
    return {"inquiries": found, "knowledge": known, "dispute": _dispute(stage, lender, operator, person)}


def _dispute(
    stage: Stage, lender: "ServiceClient", operator: "ServiceClient", person: "ServiceClient"
) -> dict[str, Any]:
    since = person.post("/v1/subjects/me/dispute", {})["disputed_at"]
    disputed = ask_or_declined(lender, "salary > 100000", stage.consents[PROBED])
    settled = operator.post("/v1/disputes/settle", {"subject": PROBED})["settled_at"]
    after = ask_or_declined(lender, "salary > 100000", stage.consents[PROBED])
    stage.say("the person disputes what is held, and the operator settles it:")
    for each in (disputed, after):
        stage.show_question(each)
    return {"disputed_at": since, "disputed": disputed, "settled_at": settled, "after": after}


def revoke(
    stage: Stage, operator: "ServiceClient", lender: "ServiceClient", consents: dict[str, Any]
) -> dict[str, Any]:
    """A consent is taken back: the same question with the same token, before and after."""
    party = stage.home.config().relying_party
    stage.chapter("Revocation", f"{CONSENTING} takes it back: the same question, with the same consent")
    consent = next(each["id"] for each in consents["consents"] if each["relying_party"] == party)
    before = ask_or_declined(lender, "salary > 100000", stage.consents[CONSENTING])
    stage.show_question(before)
    ended = operator.post(f"/v1/consents/{consent}/revoke", {})
    after = ask_or_declined(lender, "salary > 100000", stage.consents[CONSENTING])
    stage.show_question(after)
    stage.until(lambda: not operator.get("/readyz")["pending_withdrawals"], "the withdrawal")
    stage.say("[dim]It binds at once. The log says so: an auditor would find any later answer.[/]")
    return {"subject": CONSENTING, "before": before, "after": after, "revoked_at": ended["revoked_at"]}


def _noun(kind: str, count: int) -> str:
    """Of `credentials`, `consents` or `inquiries`."""
    if count != 1:
        return kind
    return kind.removesuffix("ies") + "y" if kind.endswith("ies") else kind.removesuffix("s")


def erase(stage: Stage, operator: "ServiceClient", person: "ServiceClient", pins: "Trust") -> dict[str, Any]:
    """The person has everything erased, with their own token, and is given a receipt.

    Raises:
        CommandError: the provider did not sign the receipt, or the token is still good.
    """
    from api.peers.lender_client import Refusal
    from circuits.jws import VerifyKey
    from circuits.receipt import ErasureReceipt

    stage.chapter("Erasure", f"{PROBED} has everything erased, and keeps a signed receipt")
    token = person.delete("/v1/subjects/me")["receipt"]
    (key,) = person.get("/.well-known/jwks.json")["keys"]
    erased = dict(ErasureReceipt.open(token, VerifyKey.from_jwk(key)).erased)
    said = ", ".join(f"{count} {_noun(kind, count)}" for kind, count in erased.items())
    stage.say(f"[yellow]erased[/]   {said}: says the provider, and signs it")
    stage.until(lambda: not operator.get("/readyz")["pending_erasures"], "the erasure")
    try:
        person.get("/v1/subjects/me")
    except Refusal as error:
        audit = replay_log(stage, pins)
        return {"subject": PROBED, "erased": erased, "receipt": token, "token": error.name, "audit": audit}
    raise CommandError("an erased person's token is still good", remedy="report this", code=ExitCode.FAILED)
