"""The program that reads Terraform for `isolated`: text in, JSON out."""

import json
import re
import sys
from typing import Any

import hcl2

TYPE = "aws_batch_job_definition"
_JSON_ATTRIBUTES = ("container_properties", "ecs_properties", "node_properties")
_HEREDOC = re.compile(r"<<-?\s*(\w+)\n(.*?)\n?[ \t]*\1", re.DOTALL)
_JSON_CALL = re.compile(r"jsonencode\((.*)\)", re.DOTALL)
_EXPRESSION = re.compile(r"\$\{(.*)\}", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def read(text: str) -> dict[str, Any]:
    try:
        tree = hcl2.loads(text if text.endswith("\n") else f"{text}\n")
    except RecursionError:
        return {"error": "this Terraform is nested too deeply.", "line": 1}
    except Exception as error:  # noqa: BLE001 - whatever the parser raises, the text can't be read
        return {"error": "this Terraform can't be read.", "line": max(1, int(getattr(error, "line", 1) or 1))}
    documents = []
    for resource in tree.get("resource", []):
        for type_name, bodies in resource.items():
            if _plain(type_name) != TYPE:
                continue
            documents += [
                [_plain(name), _attributes(body)] for name, body in bodies.items() if isinstance(body, dict)
            ]
    return {"documents": documents}


def _attributes(body: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for key, value in body.items():
        if key.startswith("__"):
            continue
        attribute = _value(value)
        if key in _JSON_ATTRIBUTES and isinstance(attribute, str):
            attribute = {"$json": attribute}
        attributes[_plain(key)] = attribute
    return attributes


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _value(member) for key, member in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_value(entry) for entry in value]
    if not isinstance(value, str):
        return value
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        return _string(value[1:-1])
    expression = _EXPRESSION.fullmatch(value)
    if not expression:
        return value
    call = _JSON_CALL.fullmatch(expression[1].strip())
    if call:
        return _value(hcl2.loads(f"value = {call[1]}\n")["value"])
    return {"$expression": expression[1].strip()}


def _string(inside: str) -> Any:
    heredoc = _HEREDOC.fullmatch(inside)
    if heredoc:
        return {"$json": heredoc[2]}
    if re.search(r"(?<!\$)\$\{", inside):
        return {"$expression": inside}
    text = _ESCAPE.sub(lambda match: _unescape(match[1]), inside)
    return text.replace("$${", "${").replace("%%{", "%{")


def _unescape(escape: str) -> str:
    return chr(int(escape[1:], 16)) if escape[0] in "uU" else _ESCAPES.get(escape, escape)


def _plain(key: str) -> str:
    if not (key.startswith('"') and key.endswith('"')):
        return key
    text = _string(key[1:-1])
    return text if isinstance(text, str) else key[1:-1]


def main() -> None:
    json.dump(read(sys.stdin.buffer.read().decode()), sys.stdout)


if __name__ == "__main__":
    main()
