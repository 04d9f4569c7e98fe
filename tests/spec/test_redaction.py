"""What is secret is masked, what only resembles a secret is not, and nothing else changes."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jobs.spec import redaction
from jobs.spec.diff import diff_documents
from jobs.spec.masked_source import mask_source, restore_secrets
from jobs.spec.redaction import (
    MASK,
    describe_secret,
    has_secrets,
    is_secret_name,
    redact,
    redact_member,
    redact_text,
    redact_value,
    redacted_values,
)

CANARY = "wombat7Canary"


def words(text: str) -> list[str]:
    return text.split()


SECRET_NAMES = words(
    """
    DB_PWD MYSQL_PWD PWD PASSWORD DB_PASS PASS PASSWORD2 TOKEN_2 PGPASSWORD dbPassword db-password DB_PASSWD
    PASSPHRASE SECRET CLIENT_SECRET SECRET_KEY_BASE TOPSECRET TOKEN GITHUB_TOKEN HF_TOKEN authToken
    splunk-token AUTHTOKEN API_TOKENS API_KEY APIKEY apiKey AWS_SECRET_ACCESS_KEY PRIVATE_KEY SIGNING_KEY
    ACCOUNT_KEY OPENAI_KEY ENCRYPTION-KEY COOKIE SESSION_COOKIE Set-Cookie AUTHORIZATION Proxy-Authorization
    X_AUTHORIZATION CREDENTIAL CREDENTIALS AWS_CREDS GOOGLE_APPLICATION_CREDENTIALS REDISCLI_AUTH
    HTTP_BASIC_AUTH SECRET_ID SSHPASS storepass
    """
)
INNOCENT_NAMES = words(
    """
    KEYBOARD MONKEY KEY KEYS KEY_COLUMN SORT_KEY PRIMARY_KEY PARTITION_KEY S3_KEY PUBLIC_KEY CACHE_KEY HOTKEY
    KEYWORD TOKENIZER TOKENIZERS_PARALLELISM MAX_TOKENS MAX_NEW_TOKENS NUM_TOKENS PAD_TOKEN EOS_TOKEN
    TOKEN_LIMIT TOKEN_URL AUTHOR AUTHORS AUTHORITY AUTH_URL AUTHORIZATION_URL PASSPORT PASSPORT_NO PASSENGER
    PASSES FIRST_PASS LOW_PASS BYPASS COMPASS PASSWORDLESS PASSWORD_FILE DB_PASSWORD_FILE PASSWORD_MIN_LENGTH
    SECRETARY SECRET_ARN SECRET_NAME COOKIE_DOMAIN AWS_ACCESS_KEY_ID KEY_ID CREDENTIALS_PATH STAGE IMAGE USER
    HOME PATH
    """
)
VALUES = {
    "postgres://user:{}@db.example.org/x": f"postgres://user:{MASK}@db.example.org/x",
    "redis://:{}@cache:6379/0": f"redis://:{MASK}@cache:6379/0",
    "a://u:{}@h,b://u:{}@i": f"a://u:{MASK}@h,b://u:{MASK}@i",
    "--password {}": f"--password {MASK}",
    "run --token={} --epochs 3": f"run --token={MASK} --epochs 3",
    "export DB_PWD='{} x' && run": f"export DB_PWD='{MASK}' && run",
    "user=me;password={};timeout=3": f"user=me;password={MASK};timeout=3",
    "https://h/x?api_key={}&page=2": f"https://h/x?api_key={MASK}&page=2",
    'curl -H "Authorization: Bearer {}" x': f'curl -H "Authorization: {MASK}" x',
    "Cookie: session={}; theme=dark": f"Cookie: {MASK}",
    "Bearer {}": f"Bearer {MASK}",
    "curl https://hooks.slack.com/services/T0/B0/{}": f"curl https://hooks.slack.com/services/{MASK}",
    "curl -u bob:{} x": f"curl -u bob:{MASK} x",
    "mysql -h db -p{} x": f"mysql -h db -p{MASK} x",
    "sshpass -p {} ssh x": f"sshpass -p {MASK} ssh x",
    "environment=[{{name=DB_PWD,value={}}}]": f"environment=[{{name=DB_PWD,value={MASK}}}]",
    "-d '{{\\\"password\\\": \\\"{}\\\"}}' x": f"-d '{{\\\"password\\\": \\\"{MASK}\\\"}}' x",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----": MASK,
    "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPx{}C1": f"{MASK} {MASK}",
}  # fmt: skip
TOKENS = words(
    """
    AKIAIOSFODNN7EXAMPLE ASIAIOSFODNN7EXAMPLE ghp_wombat7Canary0123456789abcdefABCDEF
    gho_wombat7Canary0123456789abcdefABCDEF github_pat_11ABCDEFG0wombat7Canary_x glpat-wombat7Canary01234567
    xoxb-123456789-wombat7Canary sk-wombat7Canary0123456789abcdef sk-proj-wombat7Canary0123456789
    sk_live_wombat7Canary0123 npm_wombat7Canary0123456789abcdef pypi-AgEIcHlwaS5vcmcCJDwombat7Canary
    hf_wombat7Canary0123456789abcdefghij bpt_wombat7Canary01
    eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.wombat7Canary AIzawombat7Canary0123456789abcdefABCDEFG
    """
)
INNOCENT_TEXTS = [
    "arn:aws:secretsmanager:us-west-2:123456789012:secret:db",
    "python train.py --epochs 3 --tokenizer bert --key-column id",
    "docker run -u 1000:1000 -p 8080:80 x",
    "http://example.org:8080/a@b",
    "--password $DB_PASSWORD --token ${TOKEN} --secret Ref::secret",
    "task-runner-for-the-nightly-job sk-learn",
    "Basic authentication is needed",
    "monkey=banana keyboard: qwerty author=Anne",
    "7f9c24e8a1b2c3d4e5f60718293a4b5c6d7e8f90",  # the hash of a commit
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_of_a_secret_is_known_by_its_words(name: str) -> None:
    assert is_secret_name(name)
    assert redact_value(name, CANARY) == MASK
    assert redact({name: CANARY, "x": [{"name": name, "value": CANARY}]}) == {
        name: MASK,
        "x": [{"name": name, "value": MASK}],
    }
    assert redact(["run", f"--{name}", CANARY]) == ["run", f"--{name}", MASK]


@pytest.mark.parametrize("name", INNOCENT_NAMES)
def test_a_name_that_only_resembles_one_hides_nothing(name: str) -> None:
    assert not is_secret_name(name)
    assert redact_value(name, "plain-value") == "plain-value"
    assert redact(["run", f"--{name}", "plain-value"]) == ["run", f"--{name}", "plain-value"]


@pytest.mark.parametrize("text", VALUES)
def test_of_a_text_only_the_secret_is_masked(text: str) -> None:
    whole = text.format(*[CANARY] * text.count("{}"))

    assert redact_text(whole) == VALUES[text]
    assert describe_secret("ANYTHING", whole)


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_known_by_how_it_begins(token: str) -> None:
    assert redact_text(token) == MASK
    assert redact_text(f"use {token}, please") == f"use {MASK}, please"
    assert redact({"command": ["run", token]}) == {"command": ["run", MASK]}


@pytest.mark.parametrize("text", INNOCENT_TEXTS)
def test_a_text_without_a_secret_stays(text: str) -> None:
    assert redact_text(text) == text


def test_secrets_are_masked_at_any_depth_and_the_shape_stays() -> None:
    value: Any = {"credentials": {"user": "someone", "list": [CANARY, None, True]}, "password": 1234567, "n": 3}

    assert redact(value) == {"credentials": {"user": MASK, "list": [MASK, None, True]}, "password": MASK, "n": 3}
    deep: Any = {"password": CANARY}
    for _ in range(300):
        deep = [deep]
    assert CANARY not in json.dumps(redact(deep))


def test_where_secrets_are_kept_is_no_secret() -> None:
    value = {"secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:us-west-2:123456789012:parameter/db"}]}

    assert redact(value) == value


@pytest.mark.parametrize(
    "value", ["", "true", "12", "$DB_PASSWORD", "${PASSWORD}", "Ref::password", "<password>", MASK]
)
def test_a_placeholder_is_no_secret(value: str) -> None:
    assert redact_value("DB_PASSWORD", value) == value


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(
            some.sampled_from([*SECRET_NAMES[:6], *INNOCENT_NAMES[:6], "name", "value"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.long
@given(JSON)
def test_masking_twice_is_masking_once(value: Any) -> None:
    once = redact(value)

    assert redact(once) == once
    assert not has_secrets(once)


@given(some.sampled_from(SECRET_NAMES), some.text(some.characters(codec="ascii", categories=["L", "N"]), min_size=6))
def test_the_judge_warns_of_what_is_masked(name: str, value: str) -> None:
    assert bool(describe_secret(name, value)) == (redact_value(name, value) != value) == has_secrets({name: value})


@pytest.mark.long
@pytest.mark.parametrize(
    "unit", ["a://", "password=", "token=a;b=", "a=", "sk-", "mysql -p ", "[", '{"a":', "-u a:b ", "x "]
)
def test_a_hostile_text_is_searched_in_time_that_grows_with_its_length(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def count_call(text: str, *rest: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(text, *rest)

    real = redaction._VALUE.match
    monkeypatch.setattr(
        redaction,
        "_VALUE",
        type("Counted", (), {"match": staticmethod(count_call), "groupindex": redaction._VALUE.groupindex}),
    )
    text = unit * (100_000 // len(unit))
    redact_text(text)

    assert calls <= len(text) // len(unit) * 2 + 10


# -- A person's own text
DOCUMENT = {
    "jobName": "a",
    "containerOverrides": {
        "command": ["run", "--password", CANARY, "x"],
        "environment": [
            {"name": "DB_PWD", "value": CANARY},
            {"name": "URL", "value": f"redis://:{CANARY}@h"},
            {"name": "STAGE", "value": "prod"},
        ],
    },
    "jobQueue": "q",
    "jobDefinition": "d",
}


def test_a_text_is_masked_with_its_layout_and_comments() -> None:
    text = "// nightly\n" + json.dumps(DOCUMENT, indent=3)
    masked = mask_source(text, DOCUMENT)

    assert CANARY not in masked
    assert masked == text.replace(f'"{CANARY}"', f'"{MASK}"').replace(CANARY, MASK)


@pytest.mark.parametrize("spelled", [CANARY.replace("w", "\\u0077"), CANARY.replace("C", "\\u0043")])
def test_another_spelling_of_a_secret_is_no_way_around(spelled: str) -> None:
    text = json.dumps(DOCUMENT).replace(CANARY, spelled)

    masked = mask_source(text, DOCUMENT)

    assert spelled not in masked
    assert redact(DOCUMENT) == json.loads(masked)


def test_a_secret_in_a_comment_is_masked() -> None:
    text = f"// password={CANARY}\n" + json.dumps({"jobName": "a", "jobQueue": "q", "jobDefinition": "d"})

    assert CANARY not in mask_source(text, json.loads(text.partition("\n")[2]))


def test_a_masked_text_is_made_whole_again() -> None:
    masked = mask_source(json.dumps(DOCUMENT), DOCUMENT)
    changed = masked.replace('"prod"', '"test"').replace('"x"', '"y"')

    assert json.loads(restore_secrets(masked, DOCUMENT)) == DOCUMENT
    again = json.loads(restore_secrets(changed, DOCUMENT))
    assert json.dumps(again).count(CANARY) == 3
    assert again["containerOverrides"]["environment"][2]["value"] == "test"


def test_a_mask_with_nothing_behind_it_stays_a_mask() -> None:
    masked = mask_source(json.dumps(DOCUMENT), DOCUMENT).replace("DB_PWD", "OTHER_PWD")

    again = json.loads(restore_secrets(masked, DOCUMENT))

    assert again["containerOverrides"]["environment"][0] == {"name": "OTHER_PWD", "value": MASK}


@pytest.mark.long
@given(some.from_regex(redaction._TOO_SHORT, fullmatch=True))
def test_what_is_too_short_to_be_looked_at_holds_nothing_that_looking_would_find(text: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(redaction, "_TOO_SHORT", re.compile("(?!)"))
        assert redact_text(text) == text


@pytest.mark.parametrize(
    ("name", "value"), [("name", "value"), ("key", "value"), ("Name", "Value"), ("Key", "Value")]
)
def test_a_secret_beside_its_name_has_that_name_wherever_it_is_masked_shown_or_put_back(
    name: str, value: str
) -> None:
    entries = [{name: "DB_PASSWORD", value: f"{CANARY}1"}, {name: "API_TOKEN", value: f"{CANARY}2"}]
    document = {"jobName": "a", "tags": entries}
    masked = redact(document)
    turned = json.dumps({**masked, "tags": masked["tags"][::-1]}, ensure_ascii=False)

    assert CANARY not in json.dumps(masked)
    assert [(secret.name, secret.value) for secret in redacted_values(document)] == [
        ("DB_PASSWORD", f"{CANARY}1"),
        ("API_TOKEN", f"{CANARY}2"),
    ]
    assert json.loads(restore_secrets(turned, document)) == {**document, "tags": entries[::-1]}


def test_every_value_that_differs_from_its_mask_is_listed_with_its_place() -> None:
    for secret in redacted_values(DOCUMENT):
        value: Any = DOCUMENT
        masked: Any = redact(DOCUMENT)
        for step in secret.path:
            value, masked = value[step], masked[step]
        assert (secret.value, secret.masked) == (value, masked)
        assert value != masked
    assert bool(list(redacted_values(DOCUMENT))) == has_secrets(DOCUMENT)


def test_a_value_under_a_name_that_is_itself_a_secret_stays_in_sight_of_the_redactor() -> None:
    name = "ghp_0123456789abcdefghijABCDEFGHIJ"
    [difference] = diff_documents({"tags": {name: "a"}}, {"tags": {name: "b PASSWORD=wombat7Canary"}})

    assert redact_member(name, "PASSWORD=wombat7Canary") == f"PASSWORD={MASK}"
    assert CANARY not in f"{difference.sentence} {difference.after}"


@pytest.mark.parametrize("name", SECRET_NAMES[:5])
@pytest.mark.parametrize("value", [f"{CANARY}x", {"a": CANARY}, [CANARY, 12345678], 12345678, None, True])
def test_a_member_alone_is_redacted_as_in_its_object(name: str, value: Any) -> None:
    assert redact_member(name, value) == redact({name: value})[name]
