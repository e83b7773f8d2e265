"""Endpoints: providers register schemas and credentials; anybody may read who and what is registered."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.clock import now
from api.verifier.service import VerifierService, service_of
from api.web.auth import Principal, Scope
from api.web.foundation import StrictRoute, holder_of
from api.web.problems import Problem, documented
from api.web.static import with_etag
from api.wire.registrations import (
    CredentialBatchRequest,
    CredentialReceipt,
    CredentialReceipts,
    CredentialRequest,
    ProviderLine,
    ProviderList,
    SchemaLine,
    SchemaList,
    SchemaReceipt,
    SchemaRequest,
    WithdrawalReceipt,
    WithdrawalRequest,
)
from circuits.attributes import Schema
from circuits.calendar import rfc3339
from circuits.credential import peek_provider
from circuits.encoding import b64u
from circuits.jws import peek
from verifier.entries.kinds import CredentialEntry, Entry, SchemaEntry
from verifier.entries.withdrawal import WithdrawalEntry
from verifier.errors import RegistryError
from verifier.publishing import Published, publish_all

router = APIRouter(tags=["registry"], route_class=StrictRoute)
Issuer = Annotated[Principal, Depends(holder_of(Scope.ISSUE))]
Service = Annotated[VerifierService, Depends(service_of)]
_REFUSALS = documented(
    "bad-request",
    "unauthenticated",
    "insufficient-scope",
    "conflict",
    "too-large",
    "unsupported-media-type",
    "unprocessable",
    "too-many-requests",
    "unavailable",
)


@router.post("/v1/schemas", status_code=201, summary="Register an attribute schema", responses=_REFUSALS)
def register_schema(body: SchemaRequest, issuer: Issuer, service: Service) -> SchemaReceipt:
    """Log a schema of the provider the key belongs to. Again is harmless. Needs the scope `issue`."""
    schema = Schema.from_json(body.schema_)
    _require_provider(service, issuer.owner)
    (index,) = _log(service, [SchemaEntry(issuer.owner, schema)], pointer="#/schema")
    return SchemaReceipt(digest=b64u(schema.digest), index=index)


@router.post("/v1/credentials", status_code=201, summary="Register a credential", responses=_REFUSALS)
def register_credential(body: CredentialRequest, issuer: Issuer, service: Service) -> CredentialReceipt:
    """Log a credential signed by the provider the key belongs to. Again is harmless. Needs the scope `issue`."""
    return _register(service, issuer, [body.credential], pointer="#/credential")[0]


@router.post("/v1/credential-batches", status_code=201, summary="Register many credentials", responses=_REFUSALS)
def register_credentials(body: CredentialBatchRequest, issuer: Issuer, service: Service) -> CredentialReceipts:
    """Log credentials in this order; one that was logged before keeps its place. Needs the scope `issue`.

    If some are refused (`conflict`; `errors` names each) those that fit are logged all the same: leave the refused out.
    """
    return CredentialReceipts(credentials=_register(service, issuer, body.credentials, pointer="#/credentials/{}"))


@router.post("/v1/withdrawals", status_code=201, summary="Withdraw a consent", responses=_REFUSALS)
def withdraw_consent(body: WithdrawalRequest, issuer: Issuer, service: Service) -> WithdrawalReceipt:
    """Log that a consent no longer holds: no question put from then on is answered under it. Needs the scope `issue`.

    The word is the provider's, signed, and names the consent's digest. Again is harmless.
    """
    _require_provider(service, issuer.owner)
    if peek_provider(body.withdrawal) != issuer.owner:
        raise Problem("insufficient-scope", "the withdrawal is another provider's than the key's")
    (index,) = _log(service, [WithdrawalEntry(body.withdrawal)], pointer="#/withdrawal")
    return WithdrawalReceipt(index=index)


@router.get("/v1/schemas", summary="Registered schemas", response_model=SchemaList)
def list_schemas(request: Request, service: Service) -> Response:
    """Every schema a provider has registered."""
    registry = service.registry
    lines = [
        SchemaLine.model_validate(
            {
                "schema": schema.to_json(),
                "digest": b64u(schema.digest),
                "provider": provider,
                "index": registry.schema_index(schema.digest, provider),
            }
        )
        for schema in registry.schemas()
        for provider in registry.schema_providers(schema.digest)
    ]
    return with_etag(request, SchemaList(schemas=lines).model_dump_json(by_alias=True).encode(), "application/json")


@router.get("/v1/providers", summary="Registered providers", response_model=ProviderList)
def list_providers(request: Request, service: Service) -> Response:
    """Every provider whose answers are accepted, with the key its credentials are signed with."""
    lines = [
        ProviderLine(
            id=provider.id,
            name=provider.entry.name,
            jwk=provider.entry.key.to_jwk(),
            valid_from=rfc3339(provider.entry.valid_from),
            index=provider.index,
        )
        for provider in service.registry.providers()
    ]
    return with_etag(request, ProviderList(providers=lines).model_dump_json().encode(), "application/json")


def _register(
    service: VerifierService, issuer: Principal, tokens: Sequence[str], *, pointer: str
) -> list[CredentialReceipt]:
    _require_provider(service, issuer.owner)
    ids: list[str] = []
    for position, token in enumerate(tokens):
        if peek_provider(token) != issuer.owner:
            raise Problem("insufficient-scope", f"credential {position} is another provider's than the key's")
        ids.append(str(peek(token).get("jti")))
    indices = _log(service, [CredentialEntry(token) for token in tokens], pointer=pointer)
    return [CredentialReceipt(id=each, index=index) for each, index in zip(ids, indices, strict=True)]


def _require_provider(service: VerifierService, provider: str) -> None:
    service.log.caught_up()  # another process, the operator's or a second service, may just have logged the provider
    if provider not in {each.id for each in service.registry.providers()}:
        raise Problem("unprocessable", f"the provider {provider} is not registered with this verifier")


def _log(service: VerifierService, entries: Sequence[Entry], *, pointer: str) -> list[int]:
    outcomes = publish_all(entries, log=service.log, registry=service.registry, now=now())
    refused = [(place, outcome) for place, outcome in enumerate(outcomes) if isinstance(outcome, RegistryError)]
    if refused:
        where = f"item {refused[0][0]}: " if len(outcomes) > 1 else ""
        errors = [{"pointer": pointer.format(place), "detail": str(outcome)} for place, outcome in refused]
        raise Problem("conflict", f"{where}{refused[0][1]}", extra={"errors": errors})
    return [outcome.index for outcome in outcomes if isinstance(outcome, Published)]
