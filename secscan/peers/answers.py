"""How an inquiry writes down what it could not find out, so that its probe reads it as that."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from secscan.peers.connection import Refused, Unanswered


def one_line(text: object) -> str:
    """Text of a peer as one line of printable characters, at most 500."""
    return "".join(sign if sign.isprintable() else "�" for sign in " ".join(str(text).split()))[:500]


def written(ask: Callable[[], Iterable[str]]) -> bytes:
    """The lines that `ask` yields; `absent` when the peer refused the connection, `unobservable: REASON` when it did not answer."""
    try:
        lines = list(ask())
    except Refused:
        return b"absent\n"
    except Unanswered as error:
        return f"unobservable: {one_line(error)}\n".encode()
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
