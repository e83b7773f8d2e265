"""Both OpenAPI documents against the running services: whatever is sent, the answer is one the document names."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def explore(url, headers):
    operations = [each.ok() for each in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations()]
    for operation in operations:

        @BOUNDED
        @given(operation.as_strategy())
        def conforms(case):
            case.call_and_validate(headers=headers, checks=CHECKS)

        conforms()
    return {operation.label for operation in operations}


@pytest.mark.parametrize("key", ["lender", "issuer", "auditor"])
def test_the_verifier_keeps_its_document(world, key):
    found = explore(world.verifier_server.url, world.provider.bearer(getattr(world.verifier, key)))
    assert {"POST /v1/queries", "POST /v1/credential-batches", "GET /v1/entries", "GET /log/checkpoint"} <= found


@pytest.mark.parametrize("key", ["verifier", "operator"])
def test_the_prover_keeps_its_document(world, key):
    found = explore(world.prover_server.url, world.provider.bearer(getattr(world.provider, key)))
    assert {"POST /v1/proofs", "POST /v1/records"} <= found


@pytest.mark.parametrize("of", ["verifier_server", "prover_server"])
def test_every_operation_says_what_it_is_and_how_it_fails(world, of):
    with getattr(world, of).client() as client:
        document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["tags"], where
            if "security" in operation:
                assert {"401", "403", "429"} <= set(operation["responses"]), where
            if "requestBody" in operation:
                assert {"400", "413", "415", "422"} <= set(operation["responses"]), where
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    content = response["content"]["application/problem+json"]
                    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, where
                    assert content["examples"], where
