"""The language of searches."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.models import Source
from jobs.search import KEYS, Search, SearchError, SearchProblem, Term, parse, values
from jobs.search.completion import Fragment, fragment_at
from jobs.search.keys import ALIASES, SOURCES, Kind
from jobs.search.parser import MAX_LENGTH, MAX_TERMS, MAX_VALUES
from tests.examples import examples

NOW = datetime(2026, 11, 30, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("train", (Term("", ("train",)),)),
        ("status:failed,LOST", (Term("status", ("FAILED", "LOST")),)),
        ('status:"waiting for approval"', (Term("status", ("AWAITING",)),)),
        ("-queue:gpu", (Term("queue", ("gpu",), negated=True),)),
        ("State:failed Person:me", (Term("status", ("FAILED",)), Term("user", ("me",)))),
        ("tag.Project:ALPHA,BETA", (Term("tag.Project", ("ALPHA", "BETA")),)),
        ('tag."Cost Center":"a, \\"b\\""', (Term("tag.Cost Center", ('a, "b"',)),)),
        ("cost>1.50 cost:<=2", (Term("cost", ("1.50",), ">"), Term("cost", ("2",), "<="))),
        ("exit:137,1 exit>0", (Term("exit", ("137", "1")), Term("exit", ("0",), ">"))),
        ("array:yes array>=10", (Term("array", ("yes",)), Term("array", ("10",), ">="))),
        ('"out of memory" oom', (Term("", ("out of memory",), is_phrase=True), Term("", ("oom",)))),
        ('-"a b" -c', (Term("", ("a b",), negated=True, is_phrase=True), Term("", ("c",), negated=True))),
        ("--quarter=2026 2:1", (Term("", ("--quarter=2026",)), Term("", ("2:1",)))),
        ("def:train:3 user:o'brien", (Term("def", ("train:3",)), Term("user", ("o'brien",)))),
    ],
)
def test_a_search_is_read_and_written(text: str, terms: tuple[Term, ...]) -> None:
    search = parse(text)

    assert search.terms == terms
    assert parse(str(search)) == search


@pytest.mark.parametrize(
    ("text", "place", "message", "suggestion"),
    [
        ("a stauts:failed", "stauts:", "There is no key “stauts”.", "status:"),
        ("tagg.Project:x", "tagg.Project:", "There is no key “tagg.Project”.", "tag.Project:"),
        ("see http://x", "http://x", "There is no key “http”.", '"http://x"'),
        ("tag:ALPHA", "tag:", "Write tag. with a name, such as tag.Project:ALPHA.", "tag."),
        ("status:fialed", "fialed", "There is no status “fialed”.", "failed"),
        ("source:ap", "ap", "There is no source “ap”.", "api"),
        ("status:", "", "Enter a value, such as status:failed,lost.", ""),
        ("queue:a,", "", "Enter a value, such as queue:gpu-queue.", ""),
        ("cost:1", "cost:", "Compare cost with < or >, such as cost>1.50.", "cost>"),
        ("queue>a", "queue>", "Write queue with a colon, such as queue:gpu-queue.", "queue:"),
        ("cost>much", "much", "“much” isn't an amount in US dollars. Write it like 1.50.", ""),
        ("ran>2", "2", "“2” isn't a duration. Write it like 90s, 30m, 2h or 1h30m.", ""),
        ("ran>120000w", "120000w", "“120000w” is too long. Write a duration of at most 100 years.", ""),
        ("waited>36525d1s", "36525d1s", "“36525d1s” is too long. Write a duration of at most 100 years.", ""),
        (
            "after:soon",
            "soon",
            "“soon” isn't a time. Write a date such as 2026-11-30,",
            "",
        ),
        ("after:2026-02-30", "2026-02-30", "“2026-02-30” isn't a time.", ""),
        ("month:2026-13", "2026-13", "“2026-13” isn't a month. Write it like 2026-11.", ""),
        ("charged:2026-11", "2026-11", "“2026-11” isn't a day or up to 1,100 days. Write 2026-11-02,", ""),
        ("charged:2026-11-08..2026-11-02", "2026-11-08..2026-11-02", "“2026-11-08..2026-11-02” isn't a day", ""),
        ("exit:none", "none", "“none” isn't a number. Write it like 137.", ""),
        ("array:3", "3", "“3” is neither yes nor no. To compare sizes, write array>100.", ""),
        ("after:-1d,-2d", "-2d", "After can have one value.", ""),
        ('say "hello', '"hello', "Close the quotation marks.", '"hello"'),
        ("a - b", "-", "“-” has no letters or digits to search for.", ""),
        ("image:_", "_", "“_” has no letters or digits to search for.", ""),
        ("a\x00b", "\x00", "Remove the invalid character.", ""),
    ],
)
def test_a_refusal_has_a_place_and_says_what_to_write(text: str, place: str, message: str, suggestion: str) -> None:
    problem = problems(text)[0]

    assert text[problem.start : problem.end] == place
    assert problem.message.startswith(message)
    assert problem.suggestion == suggestion


def problems(text: str) -> tuple[SearchProblem, ...]:
    with pytest.raises(SearchError) as error:
        parse(text)
    return error.value.problems


def test_all_problems_are_found_at_once() -> None:
    text = "stauts:x train cost:1 ran>2h month:nov"

    assert [text[problem.start : problem.end] for problem in problems(text)] == ["stauts:", "cost:", "nov"]


@pytest.mark.parametrize(
    "text", ["a" * (MAX_LENGTH + 1), "a " * (MAX_TERMS + 1), "exit:" + ",".join("1" * (MAX_VALUES + 1))]
)
def test_a_search_has_limits(text: str) -> None:
    assert len(problems(text)) == 1


def test_the_suggestion_for_a_key_makes_it_right() -> None:
    text = "a stauts:failed b"
    (problem,) = problems(text)

    assert parse(text[: problem.start] + problem.suggestion + text[problem.end :]).values_of("status") == ("FAILED",)


def test_terms_are_added_and_left_out() -> None:
    search = parse("status:failed train -user:me")
    failed, train, not_me = search.terms

    assert str(search.without(train)) == "status:FAILED -user:me"
    assert search.with_term(train) == search
    assert str(search.with_term(Term("cost", ("1",), ">"))) == "status:FAILED train -user:me cost>1"
    assert str(search.with_values("status", ("FAILED", "LOST"))) == "train -user:me status:FAILED,LOST"
    assert str(search.with_values("status", ())) == "train -user:me"
    assert str(search.without_keys("status", "user")) == "train"
    assert (search.values_of("status"), search.values_of("user")) == (("FAILED",), ())
    assert failed.values == ("FAILED",)
    assert not_me.negated


def test_what_cannot_be_a_word_becomes_a_phrase() -> None:
    for value in ("a b", "status:x", '"', "-a", ""):
        term = Term("", (value,))
        assert term.is_phrase
        if value.strip('"'):
            assert parse(str(term)).terms == (term,)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("-7d", NOW - timedelta(days=7)),
        ("90m", NOW - timedelta(minutes=90)),
        ("-2W", NOW - timedelta(weeks=2)),
        ("today", datetime(2026, 11, 30, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:30", datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),
        ("2026-11-01T08:30:05+02:00", datetime(2026, 11, 1, 6, 30, 5, tzinfo=UTC)),
        ("-99999w", values.MIN_TIME),
        ("0001-01-01", values.MIN_TIME),
        ("9999-12-31", values.MAX_TIME),
    ],
)
def test_times_are_absolute_or_relative(text: str, time: datetime) -> None:
    assert values.parse_time(text, NOW) == time


def test_durations_and_money() -> None:
    texts = ("90s", "1.5h", "1h30m", "2D", "1w")
    assert [values.parse_duration(text) for text in texts] == [
        timedelta(seconds=90),
        timedelta(minutes=90),
        timedelta(minutes=90),
        timedelta(days=2),
        timedelta(days=7),
    ]
    assert [values.parse_money(text) for text in ("1", "$0.0000000001", ".5")] == [
        Decimal(1),
        Decimal("1e-10"),
        Decimal("0.5"),
    ]


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", Fragment("", "", 0, 0)),
        ("sta|", Fragment("", "sta", 0, 3)),
        ("a -sta|", Fragment("", "sta", 3, 6)),
        ("a |", Fragment("", "", 2, 2)),
        ("sta|tus", Fragment("", "sta", 0, 6)),
        ("status:|", Fragment("status", "", 7, 7)),
        ("-status:fa|iled x", Fragment("status", "fa", 8, 14)),
        ("status:failed,lo|", Fragment("status", "lo", 14, 16)),
        ("status:fa|iled,lost", Fragment("status", "fa", 7, 13)),
        ('tag."Cost Center":C|', Fragment("tag.Cost Center", "C", 18, 19)),
        ('queue:"a b|', Fragment("queue", "a b", 6, 10)),
        ("cost>1|", Fragment("cost", "1", 5, 6)),
        ("cost:>1|", Fragment("cost", "1", 6, 7)),
        ("--sta|", Fragment("", "--sta", 0, 5)),
    ],
)
def test_what_is_typed_at_the_caret(text: str, fragment: Fragment) -> None:
    caret = text.index("|") if "|" in text else 0

    assert fragment_at(text.replace("|", ""), caret) == fragment


def test_keys_explain_themselves() -> None:
    for key in KEYS.values():
        term = parse(key.example).terms[0]
        assert term.key == key.name or (key.has_subkey and term.key.startswith(key.name)), key.name
        assert re.fullmatch(r"[A-Z].*\.", key.help), key.name
    assert set(ALIASES.values()) <= set(KEYS)
    assert set(SOURCES) == set(Source.values)


NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
VALUES = {
    Kind.STATUS: st.sampled_from(["FAILED", "AWAITING", "RUNNING"]),
    Kind.NAME: NAMES,
    Kind.WORDS: st.sampled_from(["research/align", "a", "1.2"]),
    Kind.TIME: st.sampled_from(["-7d", "today", "2026-11-01"]),
    Kind.MOMENT: st.sampled_from(["-7d", "today", "2026-11-01"]),
    Kind.MONTH: st.just("2026-11"),
    Kind.DAYS: st.sampled_from(["2026-11-02", "2026-11-02..2026-11-08"]),
    Kind.DURATION: st.sampled_from(["2h", "1h30m"]),
    Kind.MONEY: st.sampled_from(["1", "0.5"]),
    Kind.NUMBER: st.integers(-(2**31) + 1, 2**31 - 1).map(str),
    Kind.SIZE: st.just("3"),
    Kind.SOURCE: st.sampled_from(SOURCES),
}


@st.composite
def terms(draw: st.DrawFn) -> Term:
    negated = draw(st.booleans())
    if draw(st.booleans()):
        text = draw(NAMES.filter(lambda text: any(character.isalnum() for character in text)))
        return Term("", (text,), negated=negated, is_phrase=draw(st.booleans()))
    key = draw(st.sampled_from(list(KEYS.values())))
    operator = draw(st.sampled_from([one for one in key.operators if key.kind is not Kind.SIZE or one != ":"]))
    name = key.name + (draw(NAMES) if key.has_subkey else "")
    number = 1 if key.is_single else 3
    return Term(name, tuple(draw(st.lists(VALUES[key.kind], min_size=1, max_size=number))), operator, negated=negated)


@examples(60, fuzz=20_000)
@given(st.lists(terms(), max_size=6))
@example([Term("queue", (">a", "<"))])
def test_any_search_is_read_as_it_is_written(some_terms: list[Term]) -> None:
    search = Search(tuple(some_terms))

    assert parse(str(search)) == search


def parse_or_problems(text: str) -> Search | tuple[SearchProblem, ...]:
    try:
        return parse(text)
    except SearchError as error:
        return error.problems


PIECES = st.sampled_from(
    [*'abAZ09_-:.,<>="\\* \n\t\x00é東\ud800', *KEYS, "status:failed", "tag.", '"a b"', "cost>", "-", "-7d"]
)


@examples(80, fuzz=50_000)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    search = parse_or_problems(text)
    if not isinstance(search, Search):
        assert all(0 <= problem.start <= problem.end <= len(text) and problem.message for problem in search)
        return
    assert parse(str(search)) == search
    places = [(term.start, term.end) for term in search.terms]
    assert places == sorted(places)
    for term in search.terms:
        assert parse(text[term.start : term.end]).terms == (term,)


@examples(40, fuzz=10_000)
@given(st.lists(PIECES, max_size=20).map("".join), st.integers(-1, 60))
def test_a_fragment_is_a_part_of_the_text(text: str, caret: int) -> None:
    fragment = fragment_at(text, caret)

    assert 0 <= fragment.start <= fragment.end <= len(text)
