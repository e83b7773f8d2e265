"""The commands of the room's README, sent as curl would send them."""

import re
import shlex
from pathlib import Path

README = Path(__file__).parent.parent.parent / "api" / "README.md"


def commands(text):
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("curl "):
            yield shlex.split(line)[1:]


def request(words):
    """Method, URL, headers and body of a curl command that uses -s, -X, -H and -d."""
    method, url, headers, body = "GET", "", {}, None
    words = iter(words)
    for word in words:
        match word:
            case "-sX":
                method = next(words)
            case "-H":
                name, value = next(words).split(": ", 1)
                headers[name] = value
            case "-d":
                body = next(words)
            case "-s":
                pass
            case _:
                url = word
    return method, url, headers, body


def test_every_curl_command_is_answered(world):
    world.issue({"C-1001": world.provider.people["ann"]})
    block = re.search(r"```\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[1]
    block = block.replace("$VERIFIER", world.verifier_server.url).replace("$KEY", world.verifier.lender.text)
    assert block.count("eyJ...") == 2  # a consent in the request, and an attestation in the answer below it
    block = block.replace("eyJ...", world.consent("C-1001"), 1)
    found = [request(words) for words in commands(block)]
    assert [method for method, *_ in found] == ["POST", "GET", "GET"]
    with world.verifier_server.client() as client:
        responses = [client.request(m, u, headers=h, content=b) for m, u, h, b in found]
    assert [response.status_code for response in responses] == [201, 200, 200]
    assert responses[0].json()["answer"] == "yes"
