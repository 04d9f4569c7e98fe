"""Detection and redaction of secrets, for every output of the portal.

Mask before you truncate. Every scan is linear.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

MASK = "••••"
MAX_DEPTH = 40
"""Deeper values become “…”; no document needs half of it."""

SECRET_REFERENCE_KEYS = frozenset({"secrets", "secretOptions"})
"""Keys under which Batch lists references to secrets, which hold none."""
NAME_KEYS = ("name", "key", "Name", "Key")
"""Keys whose value names the `value` or `Value` beside it."""
ENVIRONMENT_KEYS = frozenset({"environment", "env"})


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# -- Names, split into words: DB_PWD, dbPassword and db-password alike.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = _word_set(
    """
    password passwords passwd pswd passphrase passcode pwd pw secret secrets credential credentials creds
    cookie cookies authorization apikey apikeys sshpass dbpass userpass rootpass adminpass mysqlpass pgpass
    smtppass mailpass ftppass redispass keypass storepass token tokens
    """
)
_SECRET_SUFFIXES = (
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
)
"""PGPASSWORD and AUTHTOKEN are one word each."""
_SECRET_KEYS = _word_set(
    """
    api access private secret encryption decryption signing signature account master ssh gpg pgp deploy
    license licence shared storage session webhook auth subscription hmac jwt cipher admin root service
    openai anthropic stripe sendgrid datadog mailgun twilio azure wandb neptune comet pagerduty cohere mapbox
    algolia rollbar
    """
)
"""API_KEY, PRIVATE_KEY, OPENAI_KEY are secret; SORT_KEY, S3_KEY and PUBLIC_KEY are not."""
_SECRET_PAIRS = frozenset(
    {
        ("secret", "id"),
        ("basic", "auth"),
        ("http", "auth"),
        ("npm", "auth"),
        ("docker", "auth"),
        ("rediscli", "auth"),
        ("amz", "signature"),
    }
)
_METADATA_WORDS = _word_set(
    """
    arn arns name names path paths file files dir directory folder url uri endpoint host port server region
    count limit limits length len size ttl expiry expires expiration lifetime timeout age type kind format
    column columns field fields policy version enabled disabled required optional rotation min max header
    domain samesite secure httponly provider method mode algorithm prefix manager store location bucket table
    parameter parallelism id ids index budget usage rate cost price window classification embedding
    embeddings dim level entropy strength hint email user username regex pattern rule rules source ref
    reference from
    """
)
"""Last words of names that describe a secret and hold none: PASSWORD_FILE, TOKEN_LIMIT, SECRET_ARN."""
_COUNT_WORDS = _word_set(
    """
    max min num n total per new input output prompt completion context batch all
    """
)
"""MAX_TOKENS counts pieces of text."""
_TOKENIZER_WORDS = _word_set(
    """
    pad eos bos unk cls sep mask stop start end special separator
    """
)
"""PAD_TOKEN is a token of a language model."""
_PASS_QUALIFIERS = _word_set(
    """
    first second third one two single multi max min num n low high band all by dry final current forward
    backward
    """
)

_HARMLESS = re.compile(
    r"""(?ix: true | false | yes | no | on | off | none | null | nil | [0-9]{1,3} | \*+ | x+ | •+ | …
    | <[^<>]*> | Ref::\w* | arn:\S*
    | /(?:run|var|etc|mnt|opt|home|tmp|usr|app|data|secrets?|root|srv|vault|workspace|efs|fsx)(?:/[\w.@+-]*)*
    | [a-z][a-z0-9+.-]{0,30}://\S* )?
    | \$[A-Z_][A-Z0-9_]* | \$\{.* | \$\(.* | \{\{.*""",
    re.VERBOSE | re.DOTALL,
)
"""No secret even under a secret name: a switch, a placeholder, or a location."""
_RANDOM = re.compile(r"(?=.*[0-9])(?:(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/=_-]{24,}|[0-9a-f]{32,})")
"""A generated value: a secret under any name that ends in “key”."""

# -- Values, anywhere in a text
_KEY_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")
_AWS_SECRET = re.compile(
    r"(?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[0-9])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]*+(?:-(?!----)[^-]*+)*+"
    r"(?:-----END [A-Z0-9 ]{0,40}-----)?"
)
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|gl(?:pat|ptt|dt|rt|cbt)-[\w-]{16,}"
    r"|xox[abeprs]-[\w-]{10,}|xapp-[\w-]{10,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}"
    r"|npm_[A-Za-z0-9]{20,}|pypi-(?=[\w-]{0,64}[A-Z0-9])[\w-]{16,}|hf_[A-Za-z0-9]{20,}"
    r"|AIza[\w-]{35,}|ya29\.[\w-]{16,}|dop_v1_[0-9a-f]{32,}|SG\.[\w-]{16,}\.[\w-]{16,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
    r"|dckr_pat_[\w-]{16,}|hvs\.[\w-]{20,}|ATATT3[\w=-]{20,}|bpt_[\w-]{8,}"
    r")"
    r"|(?<![\w-])sk-(?=[\w-]{0,64}[0-9])[\w-]{20,}"
    r"|(?<![\w-])eyJ[\w-]{6,}\.(?:eyJ[\w-]{4,}(?:\.[\w-]*)?|[\w-]{6,}\.[\w-]{6,})"
)
_WEBHOOK = re.compile(r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[\w/-]+)")
_URL = re.compile(r"://(?P<rest>[^\s\"'<>:]*+(?::(?!//)[^\s\"'<>:]*+)*+)")
_SCHEME = re.compile(r"(?i)(?<!\w)(?:bearer|basic|digest)\s{1,8}(?P<secret>(?=[^\s\"',;]*[0-9=_])[\w.~+/=-]{8,})")
_HEADER = re.compile(
    r"(?i)(?<!\w)(?:(?:proxy-)?authorization|(?:set-)?cookie)[\"']?\s{0,8}:\s{0,8}[\"']?(?P<secret>[^\r\n\"']+)"
)
_VALUE = re.compile(
    r"\\\"(?P<escaped>[^\\]*+(?:\\(?!\")[^\\]*+)*+)\\\"|\"(?P<double>[^\"\\]*+(?:\\.[^\"\\]*+)*+)\"|'(?P<single>[^']*+)'"
    r"|[\"']?(?P<bare>[^\s\"'&;,|]*+(?:[&;,|](?![ ]?[\w.-]{1,80}[\"']?[=:])[^\s\"'&;,|]*+)*+)",
    re.DOTALL,
)
"""The value after a name: quoted, or up to the next blank, or up to the next name after & ; or a comma."""
_QUOTES = r"[\\\"']{0,4}"
_ASSIGNED = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<name>[A-Za-z_][\w.-]{0,80})(?:\\?[\"'])?\s{0,8}(?P<sign>=>|:=|==|=|:)\s{0,8}"
)
_FLAG = re.compile(r"(?<!\S)[\"']?--?(?P<name>[A-Za-z][\w.-]{0,60})[\"']?\s{1,8}(?![\"']?-)")
_PAIR = re.compile(
    rf"(?i)(?<!\w)(?:name|key){_QUOTES}\s{{0,8}}[=:]\s{{0,8}}{_QUOTES}(?P<name>[\w.-]{{1,80}}){_QUOTES}\s{{0,8}},"
    rf"\s{{0,8}}{_QUOTES}value{_QUOTES}\s{{0,8}}[=:]\s{{0,8}}"
)
"""A variable in the syntax of the AWS CLI: {name=DB_PWD,value=…}"""
_USER = re.compile(
    r"(?<!\S)(?:-u|--user|--proxy-user)(?:\s{1,8}|=)?[\"']?(?P<user>[^\s:\"'/]{1,100}):(?P<secret>[^\s\"']+)"
)
_PROGRAMS = re.compile(
    r"(?<![\w-])(?:(?:mysql\w{0,20}|mariadb[\w-]{0,20})\b[^|;&\n]{0,300}?\s-p|sshpass\s{1,8}-p\s{0,8}"
    r"|redis-cli\b[^|;&\n]{0,300}?\s-a\s{1,8}|docker\s{1,8}login\b[^|;&\n]{0,300}?\s-p\s{1,8})[\"']?(?P<secret>[^\s\"']+)"
)
_SIMPLE_PATTERNS = (
    (_PRIVATE_KEY, "a private key"),
    (_KEY_ID, "an AWS access key ID"),
    (_TOKEN, "an access token"),
    (_WEBHOOK, "an access token"),
    (_SCHEME, "an access token"),
    (_HEADER, "an access token"),
    (_PROGRAMS, "a password"),
)
_NAME_PATTERNS = (_ASSIGNED, _FLAG, _PAIR)
_FLAG_WORD = re.compile(r"--?(?P<name>[A-Za-z][\w.-]*)")
_PROGRAM_FLAGS = {
    "mysql": "-p",
    "mysqldump": "-p",
    "mysqladmin": "-p",
    "mariadb": "-p",
    "sshpass": "-p",
    "redis-cli": "-a",
}

_TOO_SHORT = re.compile(r"[A-Za-z0-9_./+-]{0,11}")
"""A single short word can't match any pattern."""

Span = tuple[int, int]


class RedactedValue(NamedTuple):
    path: tuple[str | int, ...]
    name: str
    value: Any
    masked: Any


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    parts = [word.lower() for word in _WORD.findall(name[:200])]
    while parts and parts[-1].isdecimal():
        parts.pop()
    if not parts:
        return False
    if parts[-1] in _METADATA_WORDS and tuple(parts[-2:]) not in _SECRET_PAIRS:
        return False
    return any(_is_secret_word(parts, number) for number in range(len(parts)))


def _is_secret_word(parts: Sequence[str], number: int) -> bool:
    word = parts[number]
    before = parts[number - 1] if number else ""
    if word == "tokens" and before in _COUNT_WORDS:
        return False
    if word in ("token", "tokens") and before in _TOKENIZER_WORDS:
        return False
    if word == "pass":
        return number == len(parts) - 1 and before not in _PASS_QUALIFIERS
    if word in ("key", "keys"):
        return before in _SECRET_KEYS
    if (before, word) in _SECRET_PAIRS or word in _SECRET_WORDS or word.endswith(_SECRET_SUFFIXES):
        return True
    return ("password" in word or "passwd" in word) and word != "passwordless"


def describe_secret(name: str, value: str) -> str:
    for _, kind in _secret_spans(value):
        return kind
    return "a secret, judging by its name" if _is_named_secret(name, value) else ""


def _is_named_secret(name: str, value: str) -> bool:
    if is_secret_name(name):
        return not _HARMLESS.fullmatch(value)
    parts = [word.lower() for word in _WORD.findall(name[-200:])]
    return bool(parts and parts[-1] == "key" and parts[-2:-1] != ["public"] and _RANDOM.fullmatch(value[:400]))


def redact(value: Any, *, environments: bool = False) -> Any:
    """Mask secrets at any depth; with `environments`, every value of an environment."""
    return _redact_tree(value, 0, secret=False, environments=environments)


def redact_member(name: str, value: Any) -> Any:
    return _redact_member(name, value, {}, 0, secret=False, environments=False)


def redact_value(name: str, value: str, *, environments: bool = False) -> str:
    return MASK if _is_named_secret(name, value) else redact_text(value, environments=environments)


def redact_text(text: str, *, environments: bool = False) -> str:
    """Mask only the secrets: of a URL the password, of a flag its value."""
    if text[:1] in ("{", "["):
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            hidden = redact(parsed, environments=environments)
            if hidden != parsed:
                return json.dumps(hidden, ensure_ascii=False)
    return _mask_spans(text, [span for span, _ in _secret_spans(text)])


def has_secrets(value: Any) -> bool:
    return bool(redact(value) != value)


def redacted_values(value: Any) -> Iterator[RedactedValue]:
    yield from _redacted_values(value, redact(value), (), "")


def _redacted_values(value: Any, masked: Any, path: tuple[str | int, ...], name: str) -> Iterator[RedactedValue]:
    if isinstance(value, dict) and isinstance(masked, dict):
        for (key, member), masked_member in zip(value.items(), masked.values(), strict=False):
            yield from _redacted_values(member, masked_member, (*path, key), name_of_member(key, value))
    elif isinstance(value, list | tuple) and isinstance(masked, list):
        for number, (member, masked_member) in enumerate(zip(value, masked, strict=False)):
            yield from _redacted_values(member, masked_member, (*path, number), name)
    elif value != masked:
        yield RedactedValue(path, name, value, masked)


def name_of_member(key: str, owner: Mapping[Any, Any]) -> str:
    if key not in ("value", "Value"):
        return key
    names = (owner.get(of) for of in NAME_KEYS)
    return next((name for name in names if isinstance(name, str)), key)


def _redact_tree(value: Any, depth: int, *, secret: bool, environments: bool) -> Any:
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {
            redact_text(str(key)): _redact_member(
                str(key), member, value, depth, secret=secret, environments=environments
            )
            for key, member in value.items()
        }
    if isinstance(value, list | tuple):
        return _redact_list(value, depth, secret=secret, environments=environments)
    if isinstance(value, str):
        return redact_value("password" if secret else "", value, environments=environments)
    if secret and value is not None and not isinstance(value, bool):
        return value if _HARMLESS.fullmatch(str(value)) else MASK
    return value


def _redact_member(
    key: str, member: Any, owner: dict[Any, Any], depth: int, *, secret: bool, environments: bool
) -> Any:
    if environments and key in ENVIRONMENT_KEYS:
        return _mask_environment(member, depth)
    if key in SECRET_REFERENCE_KEYS:
        return _redact_tree(member, depth + 1, secret=False, environments=environments)
    name = name_of_member(key, owner)
    if isinstance(member, str) and not secret:
        return redact_value(name, member, environments=environments)
    return _redact_tree(member, depth + 1, secret=secret or is_secret_name(name), environments=environments)


def _mask_environment(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {redact_text(str(name)): MASK for name in value}
    if not isinstance(value, list):
        return MASK
    entries = [_redact_tree(entry, depth + 2, secret=False, environments=True) for entry in value]
    return [{**entry, "value": MASK} if isinstance(entry, dict) and "value" in entry else entry for entry in entries]


def _redact_list(values: Sequence[Any], depth: int, *, secret: bool, environments: bool) -> list[Any]:
    rows: list[Any] = []
    program = after = ""
    for item in values:
        if not isinstance(item, str):
            rows.append(_redact_tree(item, depth + 1, secret=secret, environments=environments))
            after = ""
            continue
        flag = _FLAG_WORD.fullmatch(item)
        short = _PROGRAM_FLAGS.get(program, "")
        if secret or (after and not flag):
            rows.append(redact_value(after or "password", item))
            after = ""
        elif short and item.startswith(short) and len(item) > len(short):
            rows.append(short + redact_value("password", item[len(short) :]))
        elif not rows or rows[-1] not in ("-u", "--user") or _USER.match(f"-u {item}") is None:
            rows.append(redact_text(item, environments=environments))
        else:
            rows.append(redact_text(f"-u {item}")[3:])
        if flag:
            is_secret_flag = is_secret_name(flag["name"]) or (short and item == short and program != "mysql")
            after = "password" if is_secret_flag else ""
        base = item.rpartition("/")[2]
        program = base if base in _PROGRAM_FLAGS else program
    return rows


def _secret_spans(text: str) -> Iterator[tuple[Span, str]]:
    if _TOO_SHORT.fullmatch(text):
        return
    for pattern, kind in _SIMPLE_PATTERNS:
        for match in pattern.finditer(text):
            span = match.span("secret") if "secret" in pattern.groupindex else match.span()
            if not _HARMLESS.fullmatch(text[slice(*span)]):
                yield span, kind
    if _KEY_ID.search(text):
        yield from ((match.span(), "an AWS secret access key") for match in _AWS_SECRET.finditer(text))
    yield from ((span, "a URL with a password") for span in _spans_in_urls(text))
    for match in _USER.finditer(text):
        if not (match["user"].isdecimal() and match["secret"].isdecimal()) and not _HARMLESS.fullmatch(
            match["secret"]
        ):
            yield match.span("secret"), "a password"
    for pattern in _NAME_PATTERNS:
        yield from ((span, "a password") for span in _spans_of_names(pattern, text))


def _spans_of_names(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    position = 0
    while match := pattern.search(text, position):
        position = match.end()
        if not is_secret_name(match["name"]):
            continue
        if match.groupdict().get("sign") == ":" and text[match.start() - 1 : match.start()] in (":", "/"):
            continue  # part of an ARN or a path
        value = _VALUE.match(text, position)
        if value is None:
            continue
        start, end = next(value.span(name) for name in _VALUE.groupindex if value[name] is not None)
        position = max(position, value.end())
        if value["bare"] is not None:
            while end > start + 1 and text[end - 1] in ")}]":
                end -= 1
        if not _HARMLESS.fullmatch(text[start:end]):
            yield start, end


def _spans_in_urls(text: str) -> Iterator[Span]:
    if "@" not in text:
        return
    for match in _URL.finditer(text):
        rest = match["rest"]
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        if "@" not in authority:
            port = authority.partition(":")[2]
            if ":" not in authority or port.isdecimal() or "@" not in rest:
                continue
            authority = rest  # an unencoded slash in the password
        login = authority.rpartition("@")[0]
        user, colon, password = login.partition(":")
        start = match.start("rest")
        if colon and not _HARMLESS.fullmatch(password):
            yield start + len(user) + 1, start + len(login)
        elif not colon and len(user) >= 20 and re.fullmatch(r"[A-Za-z0-9_-]+", user):
            yield start, start + len(user)


def _mask_spans(text: str, spans: Sequence[Span]) -> str:
    if not spans:
        return text
    pieces: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if end <= position:
            continue
        if start >= position:
            pieces += text[position:start], MASK
        position = end
    return "".join([*pieces, text[position:]])
