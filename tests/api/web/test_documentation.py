"""The page at /docs: whole, without anything to load, for both services."""

import re
from html.parser import HTMLParser

import pytest

from api.web.documentation import page

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Outline(HTMLParser):
    """What is open, what is named, what is linked."""

    def __init__(self, html):
        super().__init__()
        self.open, self.names, self.links, self.tags = [], [], [], set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.names += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(params=["verifier", "prover"])
def served(request, world):
    server = world.verifier_server if request.param == "verifier" else world.prover_server
    with server.client() as client:
        yield server.app, client.get("/docs")


def test_every_operation_is_there_and_every_link_leads_somewhere(served):
    app, response = served
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    outline = Outline(response.text)
    assert outline.open == []
    for path, operations in app.openapi()["paths"].items():
        assert f"<code>{path}</code>" in response.text
        assert all(operation["summary"] in response.text for operation in operations.values())
    assert {link.removeprefix("#") for link in outline.links} - {"/openapi.json"} <= set(outline.names)


def test_nothing_is_loaded_from_anywhere(served):
    _, response = served
    assert "default-src 'none'" in response.headers["content-security-policy"]
    outline = Outline(response.text)
    assert outline.tags.isdisjoint({"script", "img", "iframe", "link"})
    assert re.findall(r"(?:src|href)=\"?(?:https?:)?//|url\(", response.text) == []


def test_text_of_the_document_is_shown_and_not_run():
    info = {"title": "<b>x</b>", "version": "1", "description": "a `<script>` and **bold**, *slanted*"}
    shown = page({"info": info, "paths": {}, "components": {"schemas": {}}})
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert "a <code>&lt;script&gt;</code> and <b>bold</b>, <i>slanted</i>" in shown


def test_the_examples_show_whose_token_is_needed(served):
    app, response = served
    if "subject" in app.openapi()["components"].get("securitySchemes", {}):
        person, operator = (
            response.text.partition(f"$SERVICE{path} ")[2][:80] for path in ("/v1/subjects/me", "/v1/consents")
        )
        assert "Bearer $TOKEN" in person
        assert "Bearer $KEY" in operator
    assert "Bearer $KEY" in response.text
