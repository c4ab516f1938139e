"""Searching what is kept, for words that must not be there."""

from collections.abc import Iterable, Mapping

import asyncpg


async def everything(admin_url: str) -> bytes:
    """Every row of every table of a database as the superuser reads it, bytes as they are."""
    connection = await asyncpg.connect(admin_url)
    try:
        tables = await connection.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema')"
        )
        found = []
        for (name,) in tables:
            for row in await connection.fetch(f"select t.* from {name} t"):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row.values()]
        return b"\n".join(found)
    finally:
        await connection.close()


def found_in(places: Mapping[str, bytes], words: Iterable[str]) -> list[str]:
    """ "<word> in <place>" for each that is found."""
    wanted = list(words)
    return [f"{word} in {place}" for place, content in places.items() for word in wanted if word.encode() in content]
