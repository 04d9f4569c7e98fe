"""Plain text that can't control a terminal or reorder itself."""

import re

CONTROL_SEQUENCE = re.compile(
    r"\x1b\[([0-9;:]*)m"  # colours and weights, the only ones that pages show
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d]*(?:\x07|\x1b\\|\x9c)"  # operating system commands: titles, links
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x90\x98\x9c\x9e\x9f]*(?:\x1b\\|\x9c)"  # strings to a device
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]?"  # the rest: character sets, save and restore, reset
)
"""A terminal control sequence (ECMA-48), 7-bit or 8-bit."""

# Cc, Cf, line and paragraph separators, and lone surrogates, which no file can hold. Joiners stay (emoji, Persian and
# Indic scripts need them), and visible format characters.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)


def to_plain_text(text: str, *, keep: str = "", filler: str = " ") -> str:
    """Replace invisible characters by `filler`, but for those in `keep`."""
    return _INVISIBLE.sub(
        lambda match: match[0] if match[0] in keep else filler,
        CONTROL_SEQUENCE.sub("", text),
    )
