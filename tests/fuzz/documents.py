"""Documents out of nothing but their schema, and others that mostly make sense."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.fargate import FARGATE_MEMORY
from jobs.spec.schema.botocore_schema import json_schema

MOST_OPTIONAL = 4
"""So many optional members an object gets: all of them would make every document huge and none small."""

TEXT_ALPHABET = st.characters(codec="utf-8", exclude_characters="\0")
TEXT = st.text(TEXT_ALPHABET, max_size=12)
KEY = st.text(TEXT_ALPHABET, min_size=1, max_size=8)


def of_schema(kind: DocumentKind) -> st.SearchStrategy[Document]:
    """Whatever the schema of a kind allows, however little sense it makes."""
    return _Generator(json_schema(kind)["$defs"]).value(json_schema(kind))


class _Generator:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.named: dict[str, st.SearchStrategy[Any]] = {}

    def value(self, shape: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        if "$ref" in shape:
            name = shape["$ref"].removeprefix("#/$defs/")
            if name not in self.named:
                self.named[name] = self.value(self.definitions[name])
            return self.named[name]
        if "enum" in shape:
            return st.sampled_from(shape["enum"])
        if "pattern" in shape:
            return st.from_regex(shape["pattern"], fullmatch=True)
        match shape["type"]:
            case "object" if "properties" in shape:
                return self._object(shape)
            case "object":
                # A key is at least a character long where the schema says so, and everywhere here.
                return st.dictionaries(KEY, self.value(shape["additionalProperties"]), min_size=1, max_size=3)
            case "array":
                least = shape.get("minItems", 0)
                most = min(shape.get("maxItems", least + 2), least + 2)
                return st.lists(self.value(shape["items"]), min_size=least, max_size=most)
            case "integer":
                return st.integers(shape.get("minimum", -(10**6)), shape.get("maximum", 10**6))
            case "boolean":
                return st.booleans()
            case _:
                least = shape.get("minLength", 0)
                return st.text(TEXT_ALPHABET, min_size=least, max_size=min(shape.get("maxLength", 12), least + 12))

    def _object(self, shape: Mapping[str, Any]) -> st.SearchStrategy[Document]:
        required = shape.get("required", [])
        members = {name: self.value(member) for name, member in shape["properties"].items()}
        optional = [name for name in members if name not in required]

        @st.composite
        def made(draw: st.DrawFn) -> Document:
            chosen = (
                draw(st.lists(st.sampled_from(optional), unique=True, max_size=MOST_OPTIONAL)) if optional else []
            )
            return {name: draw(members[name]) for name in [*required, *chosen]}

        return made()


WORD = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,10}", fullmatch=True)
NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True)
TAGS = st.dictionaries(WORD, st.from_regex(r"[A-Za-z0-9 +=._:/@-]{0,20}", fullmatch=True), min_size=1, max_size=4)
VARIABLES = st.dictionaries(WORD.map("V_{}".format), TEXT, max_size=3).map(
    lambda values: [{"name": name, "value": value} for name, value in values.items()]
)
SIZES = st.tuples(st.integers(1, 64), st.integers(4, 100_000)).map(lambda pair: _requirements(str(pair[0]), pair[1]))
FARGATE_SIZES = st.sampled_from(
    [(str(vcpus), memory) for vcpus, sizes in FARGATE_MEMORY.items() for memory in sizes]
).map(lambda pair: _requirements(*pair))
RULES = st.lists(
    st.fixed_dictionaries(
        {"action": st.sampled_from(["RETRY", "EXIT", "retry"])},
        optional={
            "onStatusReason": st.sampled_from(["Host EC2*", "*"]),
            "onReason": st.sampled_from(["Out*", "*"]),
            "onExitCode": st.sampled_from(["1", "13*", "*"]),
        },
    ),
    max_size=4,
)
RETRIES = st.fixed_dictionaries({"attempts": st.integers(1, 10)}, optional={"evaluateOnExit": RULES})
TIMEOUT = st.fixed_dictionaries({"attemptDurationSeconds": st.integers(60, 10**6)})
ROLE = "arn:aws:iam::123456789012:role/Job"


def _requirements(vcpus: str, memory: int) -> list[Document]:
    return [{"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": str(memory)}]


@st.composite
def sensible_definitions(draw: st.DrawFn) -> Document:
    """A definition of one container, for EC2 or Fargate, as people write them; sometimes with something odd in it."""
    fargate = draw(st.booleans())
    container: Document = {
        "image": draw(WORD),
        "resourceRequirements": draw(FARGATE_SIZES if fargate else SIZES),
    }
    optional: dict[str, st.SearchStrategy[Any]] = {
        "command": st.lists(TEXT, max_size=3),
        "environment": VARIABLES,
        "jobRoleArn": st.just(ROLE),
        "readonlyRootFilesystem": st.booleans(),
        "user": WORD,
        "logConfiguration": st.just({"logDriver": "awslogs", "options": {"awslogs-group": "/mine"}}),
    }
    for key in draw(st.lists(st.sampled_from(sorted(optional)), unique=True, max_size=3)):
        container[key] = draw(optional[key])
    document: Document = {
        "jobDefinitionName": draw(NAME),
        "type": "container",
        "containerProperties": container,
        **draw(_common_members()),
    }
    if fargate:
        container["executionRoleArn"] = ROLE
        document["platformCapabilities"] = ["FARGATE"]
    elif draw(st.booleans()):
        document["platformCapabilities"] = ["EC2"]
    if draw(st.integers(0, 9)) == 0:
        container |= draw(_ODD_CONTAINERS)
    return document


@st.composite
def sensible_submissions(draw: st.DrawFn) -> Document:
    """A submission as people write them."""
    overrides: dict[str, st.SearchStrategy[Any]] = {
        "command": st.lists(TEXT.filter(bool), max_size=3),
        "environment": VARIABLES,
        "resourceRequirements": SIZES,
    }
    chosen = draw(st.lists(st.sampled_from(sorted(overrides)), unique=True, max_size=3))
    document: Document = {
        "jobName": draw(NAME),
        "jobQueue": draw(NAME),
        "jobDefinition": draw(NAME),
        **draw(_common_members()),
    }
    if chosen:
        document["containerOverrides"] = {key: draw(overrides[key]) for key in chosen}
    if draw(st.booleans()):
        document["arrayProperties"] = {"size": draw(st.integers(2, 10_000))}
    return document


def _common_members() -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries(
        {},
        optional={
            "tags": TAGS,
            "parameters": st.dictionaries(WORD, TEXT, max_size=2),
            "retryStrategy": RETRIES,
            "timeout": TIMEOUT,
            "propagateTags": st.booleans(),
        },
    )


_ODD_CONTAINERS: st.SearchStrategy[Document] = _Generator(json_schema(DocumentKind.DEFINITION)["$defs"]).value(
    {"$ref": "#/$defs/ContainerProperties"}
)


@st.composite
def with_typos(draw: st.DrawFn, documents: st.SearchStrategy[Document]) -> Document:
    """A document in which one value may have become another, as a slip of the hand makes it."""
    document = draw(documents)
    if draw(st.booleans()):
        return document
    owner: Any = document
    while True:
        keys = list(owner) if isinstance(owner, dict) else list(range(len(owner)))
        if not keys:
            return document
        key = draw(st.sampled_from(keys))
        if not isinstance(owner[key], dict | list) or draw(st.integers(0, 3)) == 0:
            owner[key] = draw(ANYTHING)
            return document
        owner = owner[key]


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEY, inner, max_size=2),
    max_leaves=4,
)
