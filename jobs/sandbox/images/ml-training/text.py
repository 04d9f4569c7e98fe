"""The beginning of Alice's Adventures in Wonderland (1865, public domain)."""

import re
from pathlib import Path

ALPHABET = " abcdefghijklmnopqrstuvwxyz"


def letters(raw: str) -> str:
    return re.sub(r"[^a-z]+", " ", raw.lower()).strip()


def split(text: str) -> tuple[str, str]:
    border = len(text) * 9 // 10
    return text[:border], text[border:]


def shipped() -> str:
    return letters(Path(__file__).with_name("alice.txt").read_text())
