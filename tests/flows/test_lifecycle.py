"""Starting and stopping: no orphans, no remains, whoever ends it and however."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.home.directory import Home
from api.home.services import free_ports, listen

PATIENCE = 60


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children_of(child)]
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def still_there(pids: list[int]) -> list[int]:
    deadline = time.monotonic() + 60
    while (left := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def ports() -> list[object]:
    verifier, prover = free_ports("127.0.0.1", 2)
    return ["--verifier-port", verifier, "--prover-port", prover]


@pytest.mark.parametrize(("ending", "again"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_up_stops_cleanly_and_starts_again_with_what_it_had(start, tmp_path, ending, again):
    first = start(Home(tmp_path / "home"), *ports())
    below = children_of(first.process.pid)
    assert len(below) >= 2
    assert first.told["first_run"]
    first.process.send_signal(ending)
    out, err = first.process.communicate(timeout=PATIENCE)
    assert (first.process.returncode, err) == (0, ""), out
    assert still_there(below) == []
    assert not (tmp_path / "home" / "services.json").exists()
    if not again:
        return
    second = start(Home(tmp_path / "home"))
    try:
        assert not second.told["first_run"]
        assert second.told["verifier"] == first.told["verifier"]
    finally:
        second.process.terminate()
        second.process.communicate(timeout=PATIENCE)


def test_services_do_not_outlive_a_killed_parent(start, tmp_path):
    running = start(Home(tmp_path / "home"), *ports())
    below = children_of(running.process.pid)
    running.process.kill()
    running.process.communicate(timeout=PATIENCE)
    assert still_there(below) == []


def test_a_service_that_dies_ends_up_with_a_message(start, tmp_path):
    running = start(Home(tmp_path / "home"), *ports())
    below = children_of(running.process.pid)
    os.kill(json.loads((tmp_path / "home" / "services.json").read_text())["prover"]["pid"], signal.SIGKILL)
    out, _ = running.process.communicate(timeout=PATIENCE)
    assert running.process.returncode == 3
    error = json.loads(out)["error"]
    assert error["what"] == "the prover service was killed by SIGKILL"
    assert error["where"].endswith("logs/prover.log")
    assert still_there(below) == []


def test_a_taken_port_is_named(tmp_path):
    from api.home.directory import Address  # noqa: PLC0415 - only here

    verifier, prover = free_ports("127.0.0.1", 2)
    with listen(Address(port=verifier)):
        command = [sys.executable, "-m", "api.cli", "up", "--home", str(tmp_path / "home")]
        options = ["--verifier-port", str(verifier), "--prover-port", str(prover)]
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 - ours
    assert done.returncode == 3
    assert f"127.0.0.1:{verifier}" in done.stderr
    assert "mend" in done.stderr


def start_demo(tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "api.cli", "demo", *options]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "HOME": str(Path.home())}
    return subprocess.Popen(  # noqa: S603 - ours
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def test_the_demo_tells_the_whole_story_and_leaves_nothing(tmp_path):
    demo = start_demo(tmp_path, "--json")
    out, err = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, err
    told = json.loads(out)
    outcomes = [each.get("answer") or each["outcome"] for each in told["answers"]]
    assert len(outcomes) + len(told["compound"]) >= 12
    assert {"yes", "no", "undetermined", "declined"} == set(outcomes)
    assert told["imported"] == 300
    assert told["evidence"]["tampered"]
    asked = sum(row["asked"] for row in told["compound"])
    probed, dispute, revocation = require_stopped(told["probing"]), told["ledger"]["dispute"], told["revocation"]
    assert [each.get("reason") for each in (dispute["disputed"], dispute["after"])] == ["disputed", None]
    assert [each["outcome"] for each in (revocation["before"], revocation["after"])] == ["answer", "declined"]
    rest = [*outcomes, *probed, *map(outcome_of, (*dispute_asked(dispute), revocation["before"], revocation["after"]))]
    counts = told["audit"]["counts"]
    assert told["audit"]["answers"] == counts["answer"] == rest.count("yes") + rest.count("no") + asked
    assert (counts["undetermined"], counts["declined"]) == (rest.count("undetermined"), rest.count("declined"))
    assert counts["withdrawal"] == 1

    assert len(told["ledger"]["inquiries"]) == len(probed)
    theirs = [*probed, *map(outcome_of, dispute_asked(dispute))]
    erased, later = told["erasure"]["erased"], told["erasure"]["audit"]
    assert erased == {"credentials": 1, "consents": 1, "inquiries": len(theirs)}
    assert later["erased"] == 1 + len(theirs)
    assert later["answers"] == told["audit"]["answers"] - theirs.count("yes") - theirs.count("no")
    assert told["erasure"]["token"] == "unauthenticated"
    require_alike(told["compound"])
    assert list(tmp_path.iterdir()) == []


def outcome_of(asked):
    return asked.get("answer") or asked["outcome"]


def dispute_asked(dispute):
    return dispute["disputed"], dispute["after"]


def require_stopped(probing):
    """The outcomes of a probing: declined in the end, with more left than was promised, and what was known is free."""
    *answered, refused = probing["asked"]
    assert {"yes", "no"} == set(map(outcome_of, answered))
    assert {outcome_of(each) for each in (refused, *probing["tried"])} == {"declined"}
    assert probing["narrowest"] >= probing["promised"] > 0
    assert (outcome_of(probing["again"]), probing["again"]["disclosed"][0]["bits"]) == ("yes", "0.00")
    return [outcome_of(each) for each in (*probing["asked"], *probing["tried"], probing["again"])]


def require_alike(rows):
    """Both answers to every compound question, in proofs of one size."""
    for predicate in {row["predicate"] for row in rows}:
        those = [row for row in rows if row["predicate"] == predicate]
        assert {row["answer"] for row in those} == {"yes", "no"}
        assert len({row["bytes"] for row in those}) == 1
    assert len({row["predicate"] for row in rows}) >= 4


@pytest.mark.parametrize("after", [0.7, 2.0])
def test_ctrl_c_in_the_demo_leaves_no_process_and_no_directory(tmp_path, after):
    demo = start_demo(tmp_path)
    time.sleep(after)
    below = children_of(demo.pid)
    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=PATIENCE)
    assert demo.returncode in {130, 0}, (out, err)
    assert "Traceback" not in err
    assert still_there(below) == []
    assert list(tmp_path.iterdir()) == []
