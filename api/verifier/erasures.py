"""Endpoint: a provider has one of its people erased."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from api.clock import now
from api.verifier.service import VerifierService, service_of
from api.web.auth import Principal, Scope
from api.web.foundation import StrictRoute, holder_of
from api.web.problems import Problem, documented
from api.wire.registrations import ErasureReceipt, ErasureRequest
from circuits.credential import peek_provider
from verifier.erasing import erase

router = APIRouter(tags=["registry"], route_class=StrictRoute)
Issuer = Annotated[Principal, Depends(holder_of(Scope.ISSUE))]
Service = Annotated[VerifierService, Depends(service_of)]
_REFUSALS: Final = (
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


@router.post("/v1/erasures", status_code=201, summary="Erase a person", responses=documented(*_REFUSALS))
def erase_person(body: ErasureRequest, issuer: Issuer, service: Service) -> ErasureReceipt:
    """All that is logged about one of the provider's people loses its body. Again is harmless. Needs the scope `issue`.

    The word is the provider's, signed, and names all credentials the person ever had. It is logged, no handle is.
    """
    if peek_provider(body.erasure) != issuer.owner:
        raise Problem("insufficient-scope", "the erasure is another provider's than the key's")
    erased = erase(
        body.erasure,
        handles=body.subjects,
        engine=service.engine,
        log=service.log,
        registry=service.registry,
        sealer=service.sealer,
        now=now(),
    )
    service.logger.info("person-erased", provider=issuer.owner, index=erased.indices[-1])
    return ErasureReceipt(indices=list(erased.indices), erased=erased.counts)
