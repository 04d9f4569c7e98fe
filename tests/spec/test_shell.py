"""Scripts around `aws batch`, as people keep them: heredocs, substitutions, variables."""

import json
from typing import Any

import pytest

from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import DocumentParseError, SeveralDocumentsError, TextPosition, parse
from jobs.spec.rules.validate import validate_parsed
from tests.spec.samples import definition, submission

JOB = '{"jobName": "a", "jobQueue": "q", "jobDefinition": "d"}'
EXPECTED = {"jobName": "a", "jobQueue": "q", "jobDefinition": "d"}
SUBMIT = "aws batch submit-job --job-name a --job-queue q --job-definition d"


@pytest.mark.parametrize(
    "script",
    [
        f"cat > job.json << EOF\n{JOB}\nEOF\naws batch submit-job --cli-input-json file://job.json",
        (f"#!/bin/sh\nset -e\ncat <<'EOF' >/tmp/job.json\n{JOB}\nEOF\n"
        "aws batch submit-job \\\n  --cli-input-json file:///tmp/job.json\n"),
        f"cat <<-EOF > ./job.json\n\t{JOB}\n\tEOF\n$ aws batch submit-job --cli-input-json 'file://job.json'",
        f"tee job.json <<EOF\n{JOB}\nEOF\nID=$(aws batch submit-job --cli-input-json file://job.json --query jobId)",
        f"aws batch submit-job --cli-input-json file:///dev/stdin <<EOF\n{JOB}\nEOF\n",
        f"cat <<EOF | aws batch submit-job --cli-input-json file:///dev/stdin\n{JOB}\nEOF\n",
        f"echo '{JOB}' > job.json\naws batch submit-job --cli-input-json file://job.json",
        f"cat > job.json <<EOF\n{JOB}\nEOF\naws batch submit-job --cli-input-json \"$(cat job.json)\"",
        f"DIR=/tmp\ncat > $DIR/job.json <<EOF\n{JOB}\nEOF\naws batch submit-job --cli-input-json file://$DIR/job.json",
        f"BODY=$(cat <<EOF\n{JOB}\nEOF\n)\naws batch submit-job --cli-input-json \"$BODY\"",
        f"JOB_ID=$({SUBMIT} --query jobId --output text)",
        f'export JOB_ID="$({SUBMIT})"; echo "$JOB_ID"',
        f"local id=`{SUBMIT}`",
        f"if ! {SUBMIT}; then exit 1; fi",
        f"cd x && AWS_PROFILE=y {SUBMIT} || exit 1",
        "OUT=$( \\\r\n  aws batch submit-job \\\r\n --job-name a --job-queue q \\  \r\n --job-definition d )",
        'Q=q\nexport D="d"\naws batch submit-job --job-name a --job-queue $Q --job-definition "${D}"',
    ],
)  # fmt: skip
def test_a_script_is_read_as_what_it_submits(script: str) -> None:
    reading = parse(script)

    assert (reading.kind, reading.document, reading.problems) == (DocumentKind.SUBMISSION, EXPECTED, ())


def test_the_parts_of_a_heredoc_have_their_places_in_the_script() -> None:
    text = 'cat > a.json <<EOF\n{"jobName": "a",\n "jobQueue": "q"}\nEOF\n' + SUBMIT.replace(" --job-name a", "")
    reading = parse(text.replace(" --job-queue q", " --cli-input-json file://a.json"))

    assert reading.position("/jobQueue") == TextPosition(3, 2)
    assert reading.position("/jobDefinition").line == 5


def test_the_files_of_options_are_read() -> None:
    container = json.dumps(definition()["containerProperties"])
    text = (
        f"cat > c.json <<'EOF'\n{container}\nEOF\naws batch register-job-definition --job-definition-name greet "
        "--type container --container-properties file://c.json"
    )
    assert parse(text).document == definition()


def test_a_key_twice_in_a_heredoc_is_an_error_at_its_lines() -> None:
    text = 'cat > a.json <<EOF\n{"jobName": "a",\n "jobName": "b"}\nEOF\naws batch submit-job --cli-input-json file://a.json'
    [problem] = parse(text).problems
    assert "lines 2 and 3" in problem.message


ASKED = [
    (f"{SUBMIT} --array-properties size=${{COUNT}}", "/arrayProperties/size", "COUNT"),
    (f"{SUBMIT} --array-properties '{{\"size\": '$COUNT'}}'", "/arrayProperties/size", "COUNT"),
    (SUBMIT.replace("-name a", '-name "run-$BUILD"'), "/jobName", "BUILD"),
    (SUBMIT.replace("queue q", "queue $QUEUE"), "/jobQueue", "QUEUE"),
    (SUBMIT.replace("queue q", "queue ${QUEUE:-cpu}"), "/jobQueue", "QUEUE:-cpu"),
    (f"{SUBMIT} --depends-on jobId=$(cat id.txt)", "/dependsOn/0/jobId", "cat id.txt"),
    (f'{SUBMIT} --tags Team=$TEAM,Stage="$STAGE"', "/tags/Team", "TEAM"),
    (('cat > j <<EOF\n{"jobName": "a", "jobQueue": "q", "jobDefinition": "$DEF", "arrayProperties": {"size": $N}}\n'
     "EOF\naws batch submit-job --cli-input-json file://j"), "/arrayProperties/size", "$N"),
    ('cat > j <<EOF\n{"jobName": "a-$(date +%s)", "jobQueue": "q", "jobDefinition": "d"}\nEOF\n',
     "/jobName", "date +%s"),
    ('cat > j <<EOF\n{"jobName": "a", "jobQueue": "q", "jobDefinition": "d", "tags": {"a": "$T"}}\nEOF\n',
     "/tags/a", "$T"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "pointer", "named"), ASKED)
def test_a_variable_without_a_value_is_named_and_asked_for(script: str, pointer: str, named: str) -> None:
    reading = parse(script)
    problems = [problem for problem in validate_parsed(reading) if problem.pointer == pointer]

    assert [problem.rule for problem in problems] == ["reading.unresolved-value"]
    assert named in problems[0].message
    assert not any(named in str(problem.fix) for problem in validate_parsed(reading))


def test_no_fix_makes_a_name_of_a_variable() -> None:
    [problem] = validate_parsed(parse(json.dumps(submission(jobName="${BUILD}"))))
    assert (problem.rule, problem.fix) == ("schema.pattern", ())


def test_what_single_quotes_and_quoted_heredocs_hold_is_text() -> None:
    overrides: Any = {"command": ["sh", "-c", "echo $HOME `date`"]}
    options = f"--container-overrides '{json.dumps(overrides)}'"
    assert parse(f"{SUBMIT} {options}").document == {**EXPECTED, "containerOverrides": overrides}

    document = json.dumps({**EXPECTED, "containerOverrides": overrides})
    script = f"cat > j <<'EOF'\n{document}\nEOF\naws batch submit-job --cli-input-json file://j"
    assert parse(script).problems == ()


def test_of_several_commands_one_is_chosen_by_its_number() -> None:
    text = (
        f"cat > a.json <<EOF\n{json.dumps(definition())}\nEOF\n"
        "aws batch register-job-definition --cli-input-json file://a.json\n"
        f"cat > b.json <<EOF\n{JOB}\nEOF\n"
        "aws batch submit-job --cli-input-json file://b.json\n"
        '{"jobArn": "arn", "jobName": "a", "jobId": "1"}\n'
    )
    with pytest.raises(SeveralDocumentsError) as several:
        parse(text)

    assert several.value.message == (
        "The text has 2 documents: job definition greet (line 4) and job a (line 8). Choose one of them."
    )
    assert [candidate.number for candidate in several.value.candidates] == [1, 2]
    assert parse(text, number=1).document == definition()
    assert parse(text, number=2).document == EXPECTED
    assert parse(text, DocumentKind.SUBMISSION).document == EXPECTED
    with pytest.raises(SeveralDocumentsError):
        parse(text, number=3)


def test_a_file_that_is_not_in_the_text_is_asked_for() -> None:
    with pytest.raises(DocumentParseError) as missing:
        parse("aws batch submit-job --cli-input-json file://$DIR/job.json")
    assert "names the file “file://$DIR/job.json”; paste the content of the file instead" in missing.value.message
