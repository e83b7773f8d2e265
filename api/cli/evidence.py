"""`attest evidence`: one answer, re-checked offline from one file and the auditor's pins; its inclusion for others."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import contradict, present, renewal
from api.cli.failures import CommandError, ExitCode
from api.cli.options import EngineOption, HomeOption, JsonOption, TrustOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from verifier.evidence.evidence import KeyThen, Verdict

group = typer.Typer(help="Evidence files: one answer, with everything needed to check it.", no_args_is_help=True)
FileArgument = Annotated[Path, typer.Argument(help="An .evidence.json file.", metavar="FILE")]
UNTOLD = "one file cannot tell: replay the log"


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    contradict.register(group)
    renewal.register(group)
    app.add_typer(group, name="evidence")


@group.command("verify")
def verify(
    file: FileArgument,
    *,
    engine: EngineOption = "fast",
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check one answer offline: proof, credential, signatures, log. Exit 1 if anything is wrong with it."""
    from api.cli.connection import home_at
    from api.cli.trust import blame, engine_name, read_trust
    from circuits.calendar import rfc3339
    from circuits.errors import CircuitsError
    from verifier.errors import VerifierError
    from verifier.evidence.evidence import verify_evidence

    pins = read_trust(home_at(home), trust)
    content = read(file)
    chosen = engine_name(engine)
    if chosen == "fast":
        prepare_tables(quiet=as_json)
    started = time.perf_counter()
    try:
        verdict = verify_evidence(content, trust=pins, engine=chosen)
    except (VerifierError, CircuitsError) as error:
        raise _refused(file, error, remedy=blame(error)) from None
    took = (time.perf_counter() - started) * 1000
    answer = "yes" if verdict.answer else "no"
    told = {
        "verified": True,
        "answer": answer,
        "question": verdict.question,
        "reasons": verdict.query.reasons.value,
        "failed": [{"predicate": each.text, "question": each.english()} for each in verdict.failed] or None,
        "subject": verdict.query.subject,
        "relying_party": verdict.query.relying_party,
        "provider": verdict.query.provider,
        "as_of": verdict.query.as_of,
        "answered_at": rfc3339(verdict.answered_at),
        "proof_bytes": verdict.proof_bytes,
        "origin": verdict.checkpoint.origin,
        "index": verdict.index,
        "engine": chosen,
        **_agreed(verdict),
        **_circumstances(verdict),
    }
    if as_json:
        present.print_json(told)
        return
    facts = {
        "subject": f"{verdict.query.subject} at {verdict.query.provider}",
        "asked by": f"{verdict.query.relying_party}, {told['consent']['purpose_words']}",
        "as of": verdict.query.as_of,
        "answered": rfc3339(verdict.answered_at),
        "log": f"{verdict.checkpoint.origin} entry {verdict.index}",
        "disclosed": "\n".join(present.disclosed(told["disclosed"])),
        "consent": f"granted {told['consent']['granted_at']}, expires {told['consent']['expires_at']}",
        "withdrawn": UNTOLD,
    }
    failed = [each.english() for each in verdict.failed]
    present.out.print(present.answer_panel(answer, verdict.question, facts | _told(verdict), failed=failed))
    present.out.print(f"[bold green]verified[/] offline with the {chosen} engine in {took:.0f} ms")


@group.command("tlog-proof")
def tlog_proof(file: FileArgument, *, _home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Write the answer's inclusion alone (C2SP tlog-proof), for other tools; nothing is verified. The leaf: --json."""
    from circuits.encoding import b64u
    from circuits.errors import CircuitsError
    from verifier.errors import VerifierError
    from verifier.evidence.file import EvidenceFile

    try:
        found = EvidenceFile.from_bytes(read(file))
    except (VerifierError, CircuitsError) as error:
        raise _refused(file, error) from None
    text = found.proof.to_text()
    if as_json:
        present.print_json({"index": found.proof.index, "leaf": b64u(found.leaf), "tlog_proof": text})
        return
    sys.stdout.write(text)  # byte for byte: the signatures below the checkpoint end with their newlines


def read(file: Path) -> bytes:
    """Read an evidence file, or one byte more than any has."""
    from verifier.evidence.evidence import MAX_EVIDENCE

    with file.open("rb") as source:
        return source.read(MAX_EVIDENCE + 1)  # more is refused, and need not be held to be


def _refused(file: Path, error: Exception, *, remedy: str = "") -> CommandError:
    told = f"the evidence does not hold: {error}"
    return CommandError(told, where=str(file), remedy=remedy, code=ExitCode.FAILED, kind=type(error).__name__)


def _agreed(verdict: "Verdict") -> dict[str, Any]:
    """What the person had consented to, and what the answer told who asked, in the provider's words."""
    from api.disclosures import consented, in_words

    claim = verdict.attestation.checked.claim
    disclosed = claim.answered.disclosed
    as_of = verdict.query.as_of_day
    return {
        "consent": consented(claim.granted.consent) | {"withdrawn": None},
        "disclosed": in_words(disclosed, claim.vocabulary, as_of=as_of, question=claim.predicate),
    }


def _circumstances(verdict: "Verdict") -> dict[str, Any]:
    """What held when the answer was given, as far as one file can say: keys, credentials, checkpoint, witnesses."""
    from circuits.calendar import rfc3339
    from circuits.encoding import b64u

    def key(each: "KeyThen") -> dict[str, Any]:
        since = None if each.since is None else rfc3339(each.since)
        return {"role": each.role, "holder": each.holder, "kid": each.kid, "index": each.index, "since": since}

    credentials = [
        {
            "id": each.id,
            "as_of": each.as_of,
            "issued_at": rfc3339(each.issued_at),
            "expires_at": rfc3339(each.expires_at),
            "revoked": None,
        }
        for each in verdict.credentials
    ]
    checkpoint = verdict.checkpoint
    return {
        "keys": [key(each) for each in verdict.keys],
        "credentials": credentials,
        "checkpoint": {"size": checkpoint.size, "root": b64u(checkpoint.root)},
        "signed": verdict.signed,
        "witnesses": [{"name": each.witness, "at": _time(each.time)} for each in verdict.witnesses],
    }


def _told(verdict: "Verdict") -> dict[str, str]:
    """The circumstances in words, a line each."""
    from circuits.calendar import rfc3339

    def key(each: "KeyThen") -> str:
        if each.since is None:
            return f"{each.kid}, pinned"
        return f"{each.kid}, since {rfc3339(each.since)} (entry {each.index})"

    lines = {f"{each.role} key": "" for each in verdict.keys}
    for each in verdict.keys:
        name = f"{each.role} key"
        lines[name] = "\n".join(filter(None, (lines[name], key(each))))
    periods = [f"issued {rfc3339(each.issued_at)}, expires {rfc3339(each.expires_at)}" for each in verdict.credentials]
    witnesses = [f"{each.witness} at {_time(each.time)}" for each in verdict.witnesses]
    lines["question"] = "signed by who asked" if verdict.signed else "unsigned: asked with an API key"
    return {
        **lines,
        "credential": "\n".join(periods),
        "revoked": UNTOLD,
        "checkpoint": f"{verdict.checkpoint.size} entries",
        "witnesses": "\n".join(witnesses) or "none are pinned",
    }


def _time(seconds: int) -> str:
    """A time that a witness chose, which no calendar need have."""
    from circuits.calendar import rfc3339
    from circuits.errors import EncodingError

    try:
        return rfc3339(seconds)
    except EncodingError:
        return f"{seconds} s after 1970"
