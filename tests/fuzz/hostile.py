"""Hostile: requests that somebody would write to do harm, each by what it tries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MEGABYTE = 1024 * 1024
NOTHING = {"query": "{ __typename }"}
FILTERED = "query Q($f: ReleaseFilter) { releases(filter: $f) { totalCount } }"
LOOKED_UP = "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }"
ENTITIES = "query Q($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
AFTER = "query Q($a: String) { releases(after: $a) { totalCount } }"


def documents() -> Iterator[tuple[str, str]]:
    """(name, text)."""
    yield "deep", "{a" * 1900 + "}" * 1900
    yield "deep in the schema", "{ fleets" + " { nodes { releases" * 300 + " { totalCount }" + " } }" * 300 + " }"
    yield "deep inline fragments", "{" + "... on Query {" * 700 + "__typename" + "}" * 700 + "}"
    yield "deep lists", "{ releases(filter: { names: " + "[" * 1900 + "]" * 1900 + " }) { totalCount } }"
    yield "deep objects", "{ releases(filter: " + "{ a: " * 1200 + "1" + " }" * 1200 + ") { totalCount } }"
    yield "deep types", "query Q($a: " + "[" * 1900 + "Int" + "]" * 1900 + ") { __typename }"
    yield "deep for the JSON of a router", _entities("[" * 1900 + "]" * 1900)
    yield "never closed", "{ a(" * 900
    yield "wide", "{ " + " ".join(f"a{n}" for n in range(3900)) + " }"
    yield "wide by aliases", "{ " + " ".join(f"a{n}: __typename" for n in range(1300)) + " }"
    yield "one field a thousand times", "{ " + "__typename " * 3900 + "}"
    yield "repeats below repeats", "{ " + "sources { nodes { name } } " * 45 + "}"
    yield "directives at one place", "{ __typename " + "@skip(if: false) " * 600 + "}"
    yield "unknown directives", "{ __typename " + "@a" * 1900 + " }"
    yield "directives everywhere", "{ " + "... @include(if: true) { __typename } " * 400 + "}"
    yield "a circle of fragments", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    yield (
        "a circle through fields",
        "{ ...A } fragment A on Query { fleets { nodes { releases { nodes { ...B } } } } } "
        + ("fragment B on Release { fleet { releases { nodes { ...B } } } }"),
    )
    yield (
        "a chain of fragments",
        "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(550)),
    )
    yield (
        "fragments that double",
        "{ ...F0 } "
        + " ".join(
            f"fragment F{n} on Query {{ x{n}: node(id: 1) {{ id }} ...F{n + 1} ...F{n + 1} }}" for n in range(60)
        )
        + " fragment F60 on Query { __typename }",
    )
    yield (
        "fields that double",
        "{ fleets { nodes { ...F0 } } } "
        + " ".join(
            f"fragment F{n} on Fleet {{ latestRelease {{ fleet {{ ...F{n + 1} }} }} "
            f"targetRelease {{ fleet {{ ...F{n + 1} }} }} }}"
            for n in range(60)
        )
        + " fragment F60 on Fleet { name }",
    )
    yield "one fragment a thousand times", "{ " + "...A " * 1200 + "} fragment A on Query { __typename }"
    yield "many fragments", "{ __typename } " + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(480))
    yield "many operations", " ".join(f"query Q{n} {{ __typename }}" for n in range(650))
    yield "many operations of one name", " ".join("query Q { __typename }" for _ in range(650))
    yield "many variables", "query Q(" + " ".join(f"$v{n}: Int" for n in range(900)) + ") { __typename }"
    yield "one variable many times", "query Q(" + "$v: Int " * 900 + ") { __typename }"
    yield "many unknown fields", "{ " + " ".join(f"releeses{n}" for n in range(3000)) + " }"
    yield "many arguments", "{ releases(" + " ".join(f"f{n}: 1" for n in range(900)) + ") { totalCount } }"
    yield "all pages at once", "{ " + _nested(5) + " }"
    yield "a huge number", "{ releases(first: " + "9" * 50_000 + ") { totalCount } }"
    yield "a huge exponent", "{ releases(first: 1e" + "9" * 50_000 + ") { totalCount } }"
    yield "a huge text", '{ source(name: "' + "a" * 900_000 + '") { name } }'
    yield "a huge block", '{ source(name: """' + "\n  a" * 200_000 + '""") { name } }'
    yield "a huge name", "{ " + "a" * 900_000 + " }"
    yield "a huge comment", "#" * 900_000 + "\n{ __typename }"
    yield "nothing but commas", "," * 900_000
    yield "a huge text within the limit", '{ source(name: "' + "\\u0061" * 16_000 + '") { name } }'
    yield "a lone surrogate", '{ source(name: "\\ud800") { name } }'
    yield "a surrogate as it is", '{ source(name: "\ud800") { name } }'
    yield "a NUL", '{ source(name: "\\u0000") { name } }'
    yield "a NUL as it is", "{ __type\0name }"
    yield "controls", "".join(map(chr, range(32))) + "{ __typename }"
    yield "another alphabet", "{ ｆｌｅｅｔｓ { totalCount } }"
    yield "right to left", '{ source(name: "\u202e\u2066\ufeff") { name } }'
    yield "a byte order mark", "\ufeff{ __typename }"
    yield "no operation", "fragment A on Query { __typename }"
    yield "a schema", "type Query { a: Int } extend type Fleet { a: Int }"
    yield "names of Python", "{ __class__ __init__ __dict__ }"
    yield "introspection deep", "{ __schema { types { " + "fields { type { " * 60 + "name" + " } }" * 60 + " } } }"
    yield "introspection wide", "{ __schema { " + "types { fields { args { type { ofType { name } } } } } " * 40 + "} }"


def requests() -> Iterator[tuple[str, Any]]:
    """(name, body as JSON has it, or as bytes)."""
    yield from _variables()
    yield from _bodies()
    for name, text in documents():
        yield f"document: {name}", {"query": text}


def _variables() -> Iterator[tuple[str, Any]]:
    def filtered(**values: Any) -> dict[str, Any]:
        return {"query": FILTERED, "variables": {"f": values}}

    def entities(*values: Any) -> dict[str, Any]:
        return {"query": ENTITIES, "variables": {"r": values}}

    def release(number: int) -> dict[str, Any]:
        return {"__typename": "Release", "sourceName": "balena", "nativeId": str(number)}

    yield "a huge variable", filtered(names=["a" * 1_000_000])
    yield "a huge list", filtered(names=["a"] * 200_000)
    yield "a huge list of what does not fit", filtered(names=[1] * 200_000)
    yield "a huge list of unknown words", filtered(statuses=["A"] * 100_000)
    yield "a huge object", filtered(**{f"k{n}": n for n in range(50_000)})
    yield "a range of versions without end", filtered(versionRange=">=1," * 100_000)
    yield "a range of one huge version", filtered(versionRange=">=" + "1." * 200_000 + "1")
    yield "many prefixes of commits", filtered(revisions=["abcdef0"] * 1000)
    yield "deep variables", filtered(names=_deep(400))
    yield "many entities", entities(*[{"__typename": "Release", "id": "a"}] * 20_000)
    yield "entities within the limit", entities(*map(release, range(5000)))
    yield "a deep entity", entities(_deep(400))
    yield "many ids", {"query": LOOKED_UP, "variables": {"ids": ["a"] * 100_000}}
    yield "ids out of bounds", {"query": LOOKED_UP, "variables": {"ids": [2**63, -(2**70), 1.5]}}
    yield "a huge cursor", {"query": AFTER, "variables": {"a": "A" * 900_000}}
    yield "many variables nobody declared", {**NOTHING, "variables": {f"v{n}": n for n in range(80_000)}}


def _bodies() -> Iterator[tuple[str, Any]]:
    nothing = b'{"query": "{ __typename }", "variables": '
    yield "deep JSON", nothing + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
    yield "deep lists of JSON", b"[" * 900_000
    yield "a body of nothing", b" " * 900_000
    yield "a body over the limit", b" " * 2 * MEGABYTE
    yield "bytes that are no UTF-8", b'{"query": "{ __typename }\xff\xfe"}'
    yield "UTF-16", json.dumps(NOTHING).encode("utf-16")
    yield "a surrogate as an escape", b'{"query": "{ source(name: \\"\\ud800\\") { name } }"}'
    yield (
        "a surrogate among the variables",
        (b'{"query": "query Q($n: String!) { source(name: $n) { name } }", "variables": {"n": "\\ud800\\u0000"}}'),
    )
    yield "a surrogate as a name", b'{"query": "{ __typename }", "operationName": "\\ud800"}'
    yield "a NUL as a name", {**NOTHING, "operationName": "\0"}
    yield "a huge name of an operation", {**NOTHING, "operationName": "a" * 900_000}
    yield "a huge hash", {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a" * 900_000}}}
    yield "a hash that is none", {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "💡\0"}}}
    yield "a huge id of a document", {"documentId": "a" * 900_000}
    yield "a key twice", b'{"query": "{ a }", "query": "{ __typename }"}'
    yield "numbers that are none", nothing + b'{"a": NaN, "b": 1e999, "c": Infinity}}'
    yield "a huge number of JSON", nothing + b'{"a": ' + b"9" * 900_000 + b"}}"


def _nested(levels: int) -> str:
    inner = "name"
    for _ in range(levels):
        inner = f"fleet {{ releases(first: 200) {{ nodes {{ {inner} }} }} }}"
    return f"releases(first: 200) {{ nodes {{ {inner} }} }}"


def _entities(value: str) -> str:
    return f"{{ _entities(representations: {value}) {{ __typename }} }}"


def _deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"__typename": "Release"}
    for _ in range(levels):
        value = {"names": value, "id": "a", "__typename": "Release"}
    return value
