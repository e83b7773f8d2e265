"""What is kept of what somebody knows: under names that hold, in one form, as long as it is about the same value."""

import pytest

from circuits.attributes import Schema
from circuits.errors import SchemaError
from circuits.leakage import Knowledge
from circuits.vocabulary import Vocabulary
from prover.errors import VaultError
from prover.knowledge import Learnt, Names, find, full_name, in_order


def schema(name="one", version=1, *, residual=None, ladder=(), currency="USD"):
    disclosure = ({"residual": residual} if residual else {}) | ({"ladder": list(ladder)} if ladder else {})
    debt = {"name": "debt", "type": "money", "currency": currency, "max": "1000.00"}
    debt |= {"disclosure": disclosure} if disclosure else {}
    home = {"name": "home", "type": "bool"}
    return Schema.from_json({"schema": name, "version": version, "attributes": [debt, home]})


FIRST, SECOND, OTHER, EURO = schema(), schema(version=2, residual="10.00"), schema("other"), schema(currency="EUR")
SCHEMAS = {each.digest: each for each in (FIRST, SECOND, OTHER, EURO)}
DEBT = ((1, "debt"),)
LEFT = ((5_000, 9_000),)


def names(*schemas, learnt=(), versions=()):
    return Names(Vocabulary(schemas), *learnt, schemas=SCHEMAS.__getitem__, versions=versions)


def known_of(under, credential="c1"):
    return names(under).keep(Knowledge({DEBT: (5_000,)}, {DEBT: LEFT}), Learnt(), {"debt": credential})


def test_what_is_kept_of_somebodys_knowledge_has_one_form():
    assert Learnt.from_bytes(Learnt().to_bytes()) == Learnt()
    known = Knowledge({((1, "a"),): (1, 2)}, {((1, "a"),): ((1, 5),)})
    written = Learnt(known).to_bytes()
    assert Learnt.from_bytes(written) == Learnt(known)
    others = (written.replace(b'["1","2"]', each) for each in (b'["1", "2"]', b'["01","2"]', b'["1",2]', b'"12"'))
    for wrong in (b"", b"{}", b'{"known":"","sources":{}}', Learnt().to_bytes() + b" ", *others):
        with pytest.raises(VaultError):
            Learnt.from_bytes(wrong)


@pytest.mark.parametrize(("other", "same"), [(SECOND, True), (OTHER, False), (EURO, False)])
def test_an_attribute_has_one_name_in_all_versions_with_its_unit(other, same):
    first, found = (full_name(each, each.attribute("debt")) for each in (FIRST, other))
    assert (first == found) is same
    assert find(FIRST, first) == FIRST.attribute("debt")
    with pytest.raises(SchemaError):
        find(FIRST, f"{first}0")


def test_what_is_known_of_a_value_is_forgotten_with_it_and_where_it_was_cut_is_not():
    learnt = known_of(FIRST)
    same, changed = (names(FIRST, learnt=[learnt]).read(learnt, {"debt": name}) for name in ("c1", "c2"))
    assert (same.cuts, same.possible) == ({DEBT: (5_000,)}, {DEBT: LEFT})
    assert (changed.cuts, changed.possible) == ({DEBT: (5_000,)}, {})


def test_another_version_reads_what_was_learnt_under_the_first_and_another_schema_does_not():
    learnt = known_of(FIRST)
    assert names(SECOND, learnt=[learnt]).read(learnt, {"debt": "c1"}).cuts == {DEBT: (5_000,)}
    beside = names(OTHER, learnt=[learnt])
    assert DEBT not in beside.read(learnt, {"debt": "c1"}).cuts
    assert len(list(beside)) == 3  # two of its own, and the one that is known of
    assert beside.attribute(full_name(FIRST, FIRST.attribute("debt"))).maximum == 100_000


@pytest.mark.parametrize(
    ("asked", "versions", "residual"),
    [(FIRST, (), None), (FIRST, (FIRST, SECOND), 1_000), (SECOND, (FIRST, SECOND), 1_000), (OTHER, (SECOND,), None)],
)
def test_an_old_version_promises_what_a_newer_one_does(asked, versions, residual):
    promise = names(asked, versions=versions).attribute("debt").disclosure
    assert (promise and promise.residual) == residual


def test_schemas_are_in_the_order_of_their_names_and_versions():
    assert in_order([OTHER, SECOND, FIRST]) == (FIRST, SECOND, OTHER)
