"""How the database would find what was asked for: SQLite's own words on the queries that a piece of code made."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def plans_of() -> Iterator[dict[str, list[str]]]:
    """The plan of each SELECT made within, by the query; filled at the end."""
    found: dict[str, list[str]] = {}
    with CaptureQueriesContext(connection) as asked:
        yield found
    with connection.cursor() as cursor:
        for query in (one["sql"] for one in asked.captured_queries if one["sql"].startswith("SELECT")):
            cursor.execute(f"EXPLAIN QUERY PLAN {query}".replace("%", "%%"), ())
            found[query] = [row[3] for row in cursor.fetchall()]
