"""Small HTML tables and lists for notebooks. Every text is escaped."""

from collections.abc import Iterable, Sequence


def html_table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in which the first cell of every row is its heading."""
    from markupsafe import escape

    head = "".join(f"<th>{escape(header)}</th>" for header in headers)
    body = "".join(
        f"<tr><th scope='row' style='text-align:left'>{escape(first)}</th>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_list(sentences: Sequence[str]) -> str:
    """A list of sentences; nothing where there is none."""
    from markupsafe import escape

    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>" if sentences else ""
