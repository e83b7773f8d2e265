"""The main job over both databases: ask, tell again, list, and start again on what is there."""

import pytest


@pytest.fixture
def stage(world_over, database, tmp_path, tables):
    return world_over(tmp_path, tables, database=database)


def test_answers_survive_a_restart_on_either_database(stage):
    with stage.running() as world:
        first = world.ask(key="k-1")
        assert first.status_code == 201
        undetermined = world.ask(subject="eve")
        assert undetermined.status_code == 200
        assert world.ask(subject="nobody").status_code == 403
        size = world.verifier.service.log.size
    with stage.running() as world:
        assert world.ask(key="k-1").content == first.content
        listed = world.lender.get("/v1/queries").json()["queries"]
        assert [each["state"] for each in listed] == ["declined", "undetermined", "answered"]
        assert world.lender.get(first.json()["links"]["evidence"]).status_code == 200
        # The provider's new address is the only thing that was added to the log meanwhile.
        assert world.verifier.service.log.size == size + 1
        assert world.ask("salary > 1", "ben").json()["answer"] == "yes"
