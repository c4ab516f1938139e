"""The query code 查询码 on a reporter's slip (domain.md §2.11): 26 random symbols of Crockford's base 32 (130 bits), two check symbols.

The check symbols are the code modulo 1021, a prime: one wrong symbol and two symbols that changed places never pass. Whoever reads a code
aloud or off a slip may mistake O for 0 and I or L for 1, leave out the dashes, and type full-width signs or another dash. The code is kept
nowhere: only its keyed hash is.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOLS, CHECK, GROUP = 26, 2, 5
RANDOM_BYTES = 17
"""Bytes of randomness that a new code is made of; 6 bits of them are not used."""
NOBODY = "没有此查询码对应的举报 / there is no report for this code"
MISTYPED = "查询码有误,请逐个核对 / the code was mistyped, please check each symbol"
_PRIME = 1021
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
"""Two symbols a look."""
_BETWEEN = "- \t\u2010\u2012\u2013\u2014\u2015\u2212"
"""What may stand between the groups: spaces, and the dashes of keyboards and word processors."""
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}


def new_code(random: bytes) -> str:
    """A code of these random bytes, without dashes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a code is made of {RANDOM_BYTES} bytes")
    number = int.from_bytes(random, "big") >> (8 * RANDOM_BYTES - 5 * SYMBOLS)
    return written(number, SYMBOLS) + written(number % _PRIME, CHECK)


def read_code(text: str) -> str:
    """The code that somebody typed, in its one form. Raises ValueError when it cannot be a code."""
    typed = [symbol for symbol in unicodedata.normalize("NFKC", text).upper() if symbol not in _BETWEEN]
    if len(typed) != SYMBOLS + CHECK or not all(symbol in _VALUE for symbol in typed):
        raise ValueError(f"a code has {SYMBOLS + CHECK} symbols")
    number = _number(typed[:SYMBOLS])
    if number % _PRIME != _number(typed[SYMBOLS:]):
        raise ValueError("the check symbols do not fit: a symbol was mistyped")
    return written(number, SYMBOLS) + written(number % _PRIME, CHECK)


def in_groups(code: str) -> str:
    """As it is printed and read aloud."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def mark_of(key: bytes, code: str) -> bytes:
    """What is kept of a code: whoever reads the database learns nothing of it, and cannot try codes without the key."""
    return hmac.digest(key, b"xiansuo.query-code.v1\0" + code.encode(), "sha256")


def salt_of(code: str) -> bytes:
    """The salt of the receipt's content hash: only who holds the code can tell what was reported from the receipt."""
    return hashlib.sha256(b"xiansuo.receipt-salt.v1\0" + code.encode()).digest()


def _number(symbols: Iterable[str]) -> int:
    number = 0
    for symbol in symbols:
        number = number * 32 + _VALUE[symbol]
    return number


def written(number: int, symbols: int) -> str:
    """A number in this alphabet, in an even number of symbols."""
    return "".join([_PAIRS[number >> 10 * place & 1023] for place in reversed(range(symbols // 2))])
