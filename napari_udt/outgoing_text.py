"""Text from files made harmless where it leaves: terminals, scripts, spreadsheets, Markdown. No Qt.

Names, labels and provenance come from files that anyone may have written. Each function takes such a text and returns
one that its target shows as it is and does not act upon.
"""

from __future__ import annotations

import re
from typing import Any

# A spreadsheet computes a cell that begins so; some of them also where the sign is a wide one, as of East Asian keyboards,
# or stands behind white space or marks that nobody sees.
_SIGNS = r"=+@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf"[\s\ufeff\u200b-\u200f\u2060]*[{_SIGNS}\-]")
_FORMULA_WITHIN = re.compile(rf"([,;\t][ \"]*)(?=[{_SIGNS}]|-(?![\d.]))")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_MARKDOWN = re.compile(r"([\\`\[\]|])")


def printable(text: str) -> str:
    r"""Return a text in which control characters, lone surrogates and invisible marks stand as escapes (``\x1b``)."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def printable_lines(text: str) -> str:
    """Return several lines made printable, each by itself."""
    return "\n".join(printable(line) for line in text.split("\n"))


def one_line(text: str) -> str:
    """Return a printable text without line breaks; white space becomes single spaces."""
    return printable(" ".join(text.split()))


def without_markup(text: str) -> str:
    """Return a text in which no tag begins: Qt takes tool tips and questions for HTML, and opens the pictures of theirs."""
    return _TAG.sub("\u2039", text)


def csv_cell(value: Any) -> Any:
    """Return a cell of a CSV file: text that a spreadsheet would compute gets an apostrophe before it; numbers stay."""
    begins = isinstance(value, str) and (value.startswith(("\t", "\r")) or _FORMULA.match(value) is not None)
    return f"'{value}" if begins else value


def pasted_cell(text: str) -> str:
    """Return a cell of text for the clipboard, which a spreadsheet neither computes nor breaks into several."""
    return str(csv_cell(one_line(text)))


def csv_comment(text: str) -> str:
    """Return a line with a hash before it, of which a spreadsheet computes no part after a comma."""
    harmless = _FORMULA_WITHIN.sub(r"\1'", one_line(text))
    return f"# {harmless}\n"


def markdown_line(text: str) -> str:
    """Return one line of Markdown that reads well as plain text too: without tags and links; emphasis and code stay."""
    return without_markup(one_line(text)).replace("](", "] (").replace("]:", "] :")


def markdown(text: str) -> str:
    """Return one line of text that Markdown shows as it is: no table cells, links, code or HTML."""
    escaped = _MARKDOWN.sub(r"\\\1", one_line(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
