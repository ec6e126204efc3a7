"""The contract as one readable page, without any external asset.

Promises a page made from the project's copy of the contract alone. Does not know the bank.
"""

from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec

_SOURCE: Final = Path(__file__).parent / "contract" / "openapi.json"
_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
h1{font-size:1.6rem}details{border:1px solid #d0d7de;border-radius:6px;margin:.6rem 0;padding:.5rem .8rem}
summary{cursor:pointer}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:#f6f8fa;padding:.7rem;overflow:auto}
.m{display:inline-block;min-width:4.2rem;font-weight:700}
.POST{color:#0a5}.GET{color:#05a}.DELETE{color:#b30}
table{border-collapse:collapse}td{padding:.15rem .8rem .15rem 0;vertical-align:top}p{white-space:pre-line}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}
details{border-color:#30363d}a{color:#6cb6ff}}
"""


@lru_cache(maxsize=1)
def render() -> str:
    """Write the page; the contract does not change while the process lives."""
    contract = msgspec.json.decode(_SOURCE.read_bytes())
    info = contract["info"]
    calls = "".join(
        _call(method, path, operation, contract)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>'
        for name, schema in contract["components"]["schemas"].items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(info['title'])}</h1>"
        f'<p>This is a sandbox: invented data, no real bank. The contract as a file: <a href="/openapi.yaml">'
        f'openapi.yaml</a>. What was done here so far: <a href="/sandbox/record">record</a>.</p>'
        f"<p>{escape(info['description'])}</p><h2>Calls</h2>{calls}<h2>Schemas</h2>{schemas}</body></html>"
    )


def _call(method: str, path: str, operation: dict[str, Any], contract: dict[str, Any]) -> str:
    verb = method.upper()
    parameters = "".join(_parameter(_resolve(p, contract)) for p in operation.get("parameters", []))
    request = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    body = f"<h4>Body</h4>{_schema(request)}" if request else ""
    answers = "".join(
        f"<tr><td><code>{escape(status)}</code></td><td>{_answer(_resolve(answer, contract))}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><span class="m {verb}">{verb}</span>'
        f"<code>{escape(path)}</code> {escape(operation.get('summary', ''))}</summary>"
        f"<p>{escape(operation.get('description', ''))}</p>"
        f"<p>Token: {escape(operation.get('x-token', ''))}</p>"
        f"<h4>Parameters</h4><table>{parameters}</table>{body}<h4>Answers</h4><table>{answers}</table></details>"
    )


def _parameter(parameter: dict[str, Any]) -> str:
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td>"
        f"<td>{escape(parameter.get('description', ''))}</td></tr>"
    )


def _answer(answer: dict[str, Any]) -> str:
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    return escape(answer.get("description", "")) + (_schema(schema) if schema else "")


def _schema(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f' <a href="#{name}"><code>{name}</code></a>'
    return _json(schema)


def _json(value: Any) -> str:
    return f"<pre>{escape(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())}</pre>"


def _resolve(node: dict[str, Any], contract: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the contract."""
    if "$ref" not in node:
        return node
    target: Any = contract
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    found: dict[str, Any] = target
    return found
