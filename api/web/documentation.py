"""The page at /docs: an OpenAPI document as one HTML page without scripts, so that it also reads offline and printed.

Nothing is loaded from anywhere, which the page's own content security policy enforces.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}
PERSON: Final = "subject"
"""The security scheme of people who show a token of their own."""
_REFERENCE: Final = "#/components/schemas/"
_HINT: Final = """<p class="dim">In the examples <code>$SERVICE</code> is this service's address,
<code>$KEY</code> an API key, <code>$TOKEN</code> a person's own. Every error is a
<a href="#schema-Problem"><code>application/problem+json</code></a>; branch on the end of its <code>type</code>.
For programs: <a href="/openapi.json">openapi.json</a>.</p>"""
_BOUNDS: Final = (("minimum", "from {:,}"), ("maximum", "up to {:,}"), ("maxLength", "of at most {:,} characters"))
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #16202c; --dim: #5b6878; --paper: #fff; --line: #dde3ea; --soft: #f4f6f9;
  --get: #0b6e4f; --post: #1d4ed8; --delete: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --dim: #98a5b5; --paper: #12171e; --line: #2a333f;
  --soft: #1a212b; --get: #4cc79b; --post: #7aa2ff; --delete: #ff8a80; } }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; } h1 small { font-weight: 400; color: var(--dim); font-size: 1rem; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.15rem; text-transform: capitalize; }
h3 { margin: 1.25rem 0 .4rem; font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--dim); }
code, pre { font: .86rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem;
  overflow: auto; }
details { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; }
details > div { padding: 0 1rem 1rem; } details[open] > summary { border-bottom: 1px solid var(--line); }
summary { padding: .55rem 1rem; cursor: pointer; display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; }
summary .said { color: var(--dim); } summary code { font-weight: 600; }
.GET { color: var(--get); } .POST { color: var(--post); } .DELETE { color: var(--delete); }
.verb { min-width: 3rem; font-weight: 700; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
td { border-top: 1px solid var(--line); padding: .35rem .75rem .35rem 0; vertical-align: top; }
td:first-child { white-space: nowrap; } .answers td:first-child { width: 4rem; }
.dim { color: var(--dim); } a { color: inherit; }
@media (max-width: 40rem) { body { padding: 1.25rem .75rem 3rem; } td { display: block; border: 0; padding: 0; }
  tr { display: block; border-top: 1px solid var(--line); padding: .35rem 0; }
  td, code { overflow-wrap: anywhere; } td:first-child { white-space: normal; }
  .answers td:first-child { width: auto; } }
"""


def page(document: Mapping[str, Any]) -> str:
    """The whole page for an OpenAPI 3.1 document of one of our services."""
    title = escape(str(document["info"]["title"]))
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>',
        f"<h1>{title} <small>{escape(str(document['info']['version']))}</small></h1>",
        _text(str(document["info"].get("description", ""))),
        _HINT,
    ]
    # What people come for stands first, and the probes of machines last.
    tags = sorted(_by_tag(document).items(), key=lambda item: item[0] == "operations")
    for tag, operations in tags:
        parts.append(f"<h2>{escape(tag)}</h2>")
        parts += [_operation(verb, path, found, document) for verb, path, found in operations]
    parts.append("<h2>Bodies</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code>')
        parts.append(f'<span class="said">{_inline(str(schema.get("description", "")))}</span></summary>')
        parts.append(f"<div>{_fields(schema)}</div></details>")
    return "\n".join([*parts, "</body></html>"])


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    found: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            found.setdefault((operation.get("tags") or ["service"])[0], []).append((verb.upper(), path, operation))
    return found


def _operation(verb: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    shown = f'<span class="verb {verb}">{verb}</span><code>{escape(path)}</code>'
    said = escape(str(operation.get("summary", "")))
    parts = [f'<details><summary>{shown}<span class="said">{said}</span></summary><div>']
    parts.append(_text(str(operation.get("description", ""))))
    if parameters := operation.get("parameters"):
        rows = [(each["name"], each["in"], each.get("required", False), each) for each in parameters]
        parts.append("<h3>Parameters</h3>" + _rows((n, f"{_type(e['schema'])} in {w}", r, e) for n, w, r, e in rows))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        parts.append(f"<h3>Body</h3><p>{_type(body['schema'])}</p>{_fields(_resolved(body['schema'], document))}")
    parts.append(f"<h3>Try it</h3><pre>{escape(_curl(verb, path, operation, body, document))}</pre>")
    parts.append('<h3>Answers</h3><table class="answers">')
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        what = ", ".join(_type(each["schema"]) for each in content.values() if each.get("schema"))
        parts.append(f"<tr><td><b>{escape(str(status))}</b></td><td>{_inline(answer['description'])}</td>")
        parts.append(f'<td class="dim">{what}</td></tr>')
    return "".join([*parts, "</table></div></details>"])


def _curl(verb: str, path: str, operation: Mapping[str, Any], body: Any, document: Mapping[str, Any]) -> str:  # noqa: ANN401 - a node of a JSON document
    lines = [f"curl -sS $SERVICE{path}" if verb == "GET" else f"curl -sS -X {verb} $SERVICE{path}"]
    if schemes := {name for each in operation.get("security", ()) for name in each}:
        lines.append(f'-H "Authorization: Bearer {"$TOKEN" if schemes == {PERSON} else "$KEY"}"')
    if body is not None:
        examples = _resolved(body["schema"], document).get("examples") or [{}]
        lines.append('-H "Content-Type: application/json"')
        lines.append(f"-d '{json.dumps(examples[0], ensure_ascii=False)}'" if examples[0] else "-d @body.json")
    return " \\\n     ".join(lines)


def _fields(schema: Mapping[str, Any]) -> str:
    """The members of an object, or the type of anything else."""
    if "properties" not in schema:
        return f"<p>{_type(schema)}</p>"
    needed = schema.get("required", ())
    return _rows((name, _type(each), name in needed, each) for name, each in schema["properties"].items())


def _rows(rows: Iterator[tuple[str, str, bool, Mapping[str, Any]]]) -> str:
    shown = []
    for name, kind, required, described in rows:
        need = "" if required else ' <span class="dim">optional</span>'
        said = _inline(str(described.get("description", "")))
        shown.append(f"<tr><td><code>{escape(name)}</code>{need}</td><td>{kind}</td><td>{said}</td></tr>")
    return f"<table>{''.join(shown)}</table>"


def _type(schema: Mapping[str, Any]) -> str:
    """A type in a few words of HTML, with a link where it has a name."""
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).removeprefix(_REFERENCE))
        return f'<a href="#schema-{name}">{name}</a>'
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_type(each) for each in options if each.get("type") != "null")
    if "const" in schema or "enum" in schema:
        return " or ".join(f"<code>{escape(str(each))}</code>" for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [words.format(int(schema[key])) for key, words in _BOUNDS if schema.get(key, 0) > 0]
    return " ".join([str(schema.get("type", "anything")), *bounds])


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).removeprefix(_REFERENCE)
    found: Mapping[str, Any] = document["components"]["schemas"].get(name, schema)
    return found


def _text(markdown: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in markdown.split("\n\n") if part.strip())


def _inline(markdown: str) -> str:
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(markdown, quote=False))
    return re.sub(r"\*([^*]+)\*", r"<i>\1</i>", re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", coded))
