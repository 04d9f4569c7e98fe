"""Changes to a text: what is meant, and nothing beside it."""

from typing import Any

import pytest

from tests.builder.conftest import Call

pytestmark = pytest.mark.browser

DO = """({ before, changes }) => {
  const editing = new builder.text.Editing(before);
  for (const [method, ...given] of changes) editing[method](...given);
  // What the editor is told, one step after the other, makes the same text.
  let text = before;
  for (const step of editing.steps) {
    for (const edit of [...step].reverse()) text = text.slice(0, edit.from) + edit.insert + text.slice(edit.to);
  }
  if (text !== editing.text) throw new Error(`steps make ${text}`);
  return text;
}"""

CASES: dict[str, tuple[str, list[Any], str]] = {
    "a value is replaced where it stands": (
        '{ "a" : 1,  // one\n\t"b": 12345678901234567890 }',
        ["set", ["a"], "x"],
        '{ "a" : "x",  // one\n\t"b": 12345678901234567890 }',
    ),
    "a member is added as the others are": (
        '{\n    "a": 1\n}\n', ["set", ["b"], "x"], '{\n    "a": 1,\n    "b": "x"\n}\n',
    ),
    "what is said of the last member stays with it": (
        '{\n  "a": 1 // one\n}', ["set", ["b"], 2], '{\n  "a": 1, // one\n  "b": 2\n}',
    ),
    "one line stays one line": ('{"a": 1}', ["set", ["b", "c"], [{"d": 1}]], '{"a": 1, "b": {"c": [{"d": 1}]}}'),
    "an empty document gets lines": ("", ["set", ["a"], "x"], '{\n  "a": "x"\n}\n'),
    "an empty object gets lines, indented as the text is": (
        '{\n\t"a": {}\n}', ["set", ["a", "b"], 1], '{\n\t"a": {\n\t\t"b": 1\n\t}\n}',
    ),
    "objects on the way are made": (
        '{\n  "a": 1\n}', ["set", ["b", "c"], "x"], '{\n  "a": 1,\n  "b": {"c": "x"}\n}',
    ),
    "a number on the way is a list": (
        '{\n  "a": 1\n}', ["set", ["b", "0", "c"], "x"], '{\n  "a": 1,\n  "b": [\n    {"c": "x"}\n  ]\n}',
    ),
    "what is no object on the way is left alone": ('{"a": "text"}', ["set", ["a", "b"], 1], '{"a": "text"}'),
    "a long list has a line for each": (
        '{\n  "a": []\n}',
        ["set", ["a"], ["x" * 40, "y" * 40]],
        '{\n  "a": [\n    "' + "x" * 40 + '",\n    "' + "y" * 40 + '"\n  ]\n}',
    ),
    "a list that had lines keeps them": (
        '{\n  "a": [\n    1\n  ]\n}', ["set", ["a"], [2, 3]], '{\n  "a": [\n    2,\n    3\n  ]\n}',
    ),
    "a member in the middle goes with its line": (
        '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}', ["remove", ["b"]], '{\n  "a": 1,\n  "c": 3\n}',
    ),
    "the last member takes the comma before it along": (
        '{\n  "a": 1,\n  "b": 2\n}', ["remove", ["b"]], '{\n  "a": 1\n}',
    ),
    "the first of a line goes alone": ('{"a": 1, "b": 2}', ["remove", ["a"]], '{"b": 2}'),
    "a comment stays when its neighbour goes": (
        '{\n  "a": 1, // one\n  "b": 2\n}', ["remove", ["b"]], '{\n  "a": 1 // one\n}',
    ),
    "a comment in an object that becomes empty stays": (
        '{\n  "a": {\n    // why\n    "b": 1\n  }\n}', ["remove", ["a", "b"], {"prune": False}],
        '{\n  "a": {\n    // why\n  }\n}',
    ),
    "what is empty without it goes too": (
        '{"a": 1, "b": {"c": {"d": 1}}}', ["remove", ["b", "c", "d"]], '{"a": 1}',
    ),
    "a key that stands twice goes twice": ('{"a": 1, "b": 2, "a": 3}', ["remove", ["a"]], '{"b": 2}'),
    "of a key that stands twice the last is changed": ('{"a": 1, "a": 2}', ["set", ["a"], 3], '{"a": 1, "a": 3}'),
    "an entry of a list goes": ('{"a": [1, 2, 3]}', ["remove", ["a", 1]], '{"a": [1, 3]}'),
    "comments of every sort are no JSON": (
        '# one\n{ /* two */ "a": 1, # "b": 2\n "c": 3 } // end', ["remove", ["a"]],
        '# one\n{ /* two */ # "b": 2\n "c": 3 } // end',
    ),
    "a brace in a string is no brace": ('{"a": "}//{", "b": 1}', ["set", ["b"], 2], '{"a": "}//{", "b": 2}'),
    "a list of lines grows by a line": (
        '{\n  "a": [\n    {"n": 1}\n  ]\n}', ["patch", {"op": "add", "path": "/a/-", "value": {"n": 2}}],
        '{\n  "a": [\n    {"n": 1},\n    {"n": 2}\n  ]\n}',
    ),
    "a patch puts an entry before another": (
        '{"a": [1]}', ["patch", {"op": "add", "path": "/a/0", "value": 0}], '{"a": [0, 1]}',
    ),
    "a patch replaces": ('{"a": {"b/c": 1}}', ["patch", {"op": "replace", "path": "/a/b~1c", "value": "x"}],
                         '{"a": {"b/c": "x"}}'),
    "a patch takes away, and leaves what is empty": (
        '{"a": {"b": 1}}', ["patch", {"op": "remove", "path": "/a/b"}], '{"a": {}}',
    ),
    "a patch moves what is written as it is written": (
        '{"a": 1e2, "b": {}}', ["patch", {"op": "move", "from": "/a", "path": "/b/c"}], '{"b": {"c": 1e2}}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_change_means_what_it_says_and_nothing_else(name: str, call: Call) -> None:
    before, change, after = CASES[name]

    assert call(DO, {"before": before, "changes": [change]}) == after, name


@pytest.mark.parametrize(
    "text", ["{", '{"a": }', '{"a": 1,}', "{a: 1}", '{"a": 1} x', "[" * 5000, '{"a": "\\x"}', "{'a': 1}", '{"a": 01}']
)
def test_what_is_no_json_is_no_document_and_breaks_nothing(text: str, call: Call) -> None:
    assert call("(text) => builder.text.parse(text).error !== null", text)
    assert call("(text) => builder.fields.cannotShow(text, 'submission')", text).startswith("The text is no JSON now")


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ('{"jobName": "a"}', "submission", ""),
        ("", "submission", ""),
        ('{"jobName": "a"}', "definition", "looks like a job"),
        ('{"jobs": []}', "submission", "a workflow"),
        ('{"jobDefinitionName": "a"}', "submission", "a definition"),
        ('{"jobDefinitionName": "a", "ecsProperties": {}}', "definition", ""),
        ("[]", "submission", "an object"),
    ],
)
def test_a_form_waits_for_what_it_can_show(text: str, kind: str, told: str, call: Call) -> None:
    said = call("([text, kind]) => builder.fields.cannotShow(text, kind)", [text, kind])

    assert (told in said) if told else said == ""


def test_a_document_is_copied_in_the_words_of_other_tools(call: Call) -> None:
    text = '{\n  "jobName": "it\'s # no comment", // a comment\n  "n": 12345678901234567890\n}\n'
    told = call(
        """(text) => ["json", "aws", "curl"].map(
            (form) => builder.tools.copyAs(form, text, (kind) => `/api/${kind}`),
        )""",
        text,
    )
    one_line = '\'{"jobName":"it\'"\'"\'s # no comment","n":12345678901234567890}\''

    assert told[0] == text
    assert told[1] == f"aws batch submit-job --cli-input-json {one_line}\n"
    assert told[2] == (
        'curl -H "Authorization: Bearer $BATCH_PORTAL_TOKEN" --data-binary '
        f"{one_line} http://builder.test/api/submission\n"
    )
    assert call("""() => builder.tools.copyAs("aws", '{"jobs": []}', () => "/")""") is None


KEYS = """([text, at]) =>
    (builder.schema.completions(SCHEMA, text, at, true) ?? { options: [] }).options.map((o) => o.label)"""


def test_the_schema_completes_keys_and_values_and_explains_them(call: Call) -> None:
    from jobs.spec.documents import Kind
    from jobs.spec.schema import schema

    call("(schema) => { window.SCHEMA = schema; }", schema(Kind.DEFINITION))
    function = KEYS.replace("SCHEMA", "window.SCHEMA")
    text = '{"containerProperties": {"image": "x", "j'
    values = '{"containerProperties": {"resourceRequirements": [{"type": "'
    told = call(
        "(text) => builder.schema.about(window.SCHEMA, text, text.indexOf('attempts'))",
        '{"retryStrategy": {"attempts": 3}}',
    )

    assert '"jobRoleArn"' in call(function, [text, len(text)])
    assert '"image"' not in call(function, [text, len(text)])
    assert call(function, [values + '"}]}}', len(values)]) == ['"GPU"', '"VCPU"', '"MEMORY"']
    assert told["kind"] == "whole number, at least 1, at most 10"
    assert "RUNNABLE" in told["words"]
