"""Schemas are found by their digest, and no other is believed."""

import os

import pytest
from sqlalchemy import update

from circuits.attributes import Schema
from prover.catalogue import Catalogue
from prover.errors import QueryRefused, VaultError
from prover.models import SCHEMAS
from prover.records import Record


def schema(name):
    attributes = [{"name": "score", "type": "integer", "min": "0", "max": "9"}]
    return Schema.from_json({"schema": name, "version": 1, "attributes": attributes})


ONE, OTHER = schema("one"), schema("other")


@pytest.fixture
def schemas(issuer, engine):
    issuer.issue([Record("alice", {"score": "1"})], schema=ONE, now=1_800_000_000, entropy=os.urandom)
    return Catalogue(engine)


def test_a_schema_is_found_by_its_digest(schemas):
    assert schemas(ONE.digest) == ONE
    with pytest.raises(QueryRefused):
        schemas(OTHER.digest)


def test_over_a_connection_that_is_there_already(schemas, engine):
    with engine.begin() as connection:
        found = schemas.within(connection)
        assert found(ONE.digest) == ONE
        with pytest.raises(QueryRefused):
            found(OTHER.digest)
    assert found(ONE.digest) == ONE  # which is at hand now


def test_another_schema_in_its_place_is_not_believed(schemas, engine):
    with engine.begin() as connection:
        connection.execute(update(SCHEMAS).where(SCHEMAS.c.digest == ONE.digest).values(body=OTHER.to_bytes()))
    with pytest.raises(VaultError):
        schemas(ONE.digest)
