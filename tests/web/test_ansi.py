"""Colours of a log line: kept as classes from our list, everything else of a terminal taken away."""

import pytest

from jobs.web.jobs.ansi import MAX_LINE_LENGTH, to_html

ESC = "\x1b"


@pytest.mark.parametrize(
    ("line", "html"),
    [
        (f"{ESC}[31mred{ESC}[0m plain", '<span class="ansi-red">red</span> plain'),
        (f"{ESC}[91mbright", '<span class="ansi-red">bright</span>'),
        (f"{ESC}[1;3;4mall", '<span class="ansi-bold ansi-italic ansi-underline">all</span>'),
        (f"{ESC}[1mbold{ESC}[22m not", '<span class="ansi-bold">bold</span> not'),
        (f"{ESC}[3ma{ESC}[23mb", '<span class="ansi-italic">a</span>b'),
        (f"{ESC}[4ma{ESC}[24mb", '<span class="ansi-underline">a</span>b'),
        (f"{ESC}[32ma{ESC}[39mb", '<span class="ansi-green">a</span>b'),
        (f"{ESC}[32ma{ESC}[mb", '<span class="ansi-green">a</span>b'),
        (f"{ESC}[38;5;1;32ma", '<span class="ansi-green">a</span>'),
        (f"{ESC}[38;2;1;2;3;32ma", '<span class="ansi-green">a</span>'),
        (f"{ESC}[45ma", "a"),
        (f"{ESC}[31m<b>", '<span class="ansi-red">&lt;b&gt;</span>'),
        ("10 %\r20 %\r30 %\r\n", "30 %"),
    ],
)
def test_a_line_is_escaped_and_keeps_its_styles(line: str, html: str) -> None:
    assert to_html(line) == html


def test_a_long_line_is_cut_and_says_so() -> None:
    assert to_html("x" * (MAX_LINE_LENGTH + 1)) == "x" * MAX_LINE_LENGTH + " … (line truncated)"
