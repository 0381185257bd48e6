"""The database that tests use one after another is clean after each of them."""

from collections.abc import Iterator

import asyncpg
import pytest

from tests.databases import Swept, raw_url


@pytest.fixture
def kept(server_url: str, template: str) -> Iterator[Swept]:
    """A database of its own, on loops of its own: no other test sees it."""
    made = Swept(server_url, template)
    yield made
    made.close()


class Visit:
    """What one test does to the database between `begin` and `end`."""

    def __init__(self, kept: Swept) -> None:
        self._kept = kept

    def run(self, *statements: str) -> list[object]:
        """Each statement's first value; the database is swept afterwards."""
        url = raw_url(self._kept.begin())

        async def work() -> list[object]:
            connection = await asyncpg.connect(url)
            found = [await connection.fetchval(one) for one in statements]
            await connection.close()
            return found

        found = self._kept._do(work())
        self._kept.end()
        return found


@pytest.fixture
def visit(kept: Swept) -> Visit:
    """Statements run as a test would run them."""
    return Visit(kept)


_COUNTS = tuple(
    f"SELECT count(*) FROM {name}"
    for name in (
        "m_demo.session",
        "m_demo.role",
        "m_demo.staff_role",
        "m_demo.staff",
        "platform.merchant",
    )
)
_SESSIONS = (
    "INSERT INTO m_demo.session SELECT convert_to(n::text, 'UTF8'), 'fan', 1, now(), now()"
    " FROM generate_series(1, 5000) n"
)
_STAFF = (
    "WITH made AS (INSERT INTO m_demo.staff (account, name, department, password_hash, active,"
    " totp_last_step, order_push, created_at)"
    " VALUES ('probe', 'probe', '', '', true, 0, true, now()) RETURNING id),"
    " role AS (INSERT INTO m_demo.role (key, name, permissions) VALUES ('', 'probe', '{}') RETURNING id)"
    " INSERT INTO m_demo.staff_role (staff_id, role_id) SELECT made.id, role.id FROM made, role"
)
_TAKE = "SELECT nextval(pg_get_serial_sequence('m_demo.staff', 'id'))"
_SIZE = "SELECT pg_relation_size('m_demo.session')"
_WHICH = "SELECT current_database()"


def test_rows_sequences_and_room_are_as_before(visit: Visit) -> None:
    before = visit.run(*_COUNTS, _TAKE, _WHICH)
    visit.run(_SESSIONS, _STAFF, _TAKE)
    assert visit.run(*_COUNTS, _TAKE, _WHICH) == before
    assert visit.run(_SIZE) == [0]


def test_what_the_template_holds_is_written_again(visit: Visit) -> None:
    before = visit.run(*_COUNTS, _WHICH)
    assert before[4] == 2
    visit.run("DELETE FROM platform.merchant")
    assert visit.run(*_COUNTS, _WHICH) == before


def test_rows_in_no_order_of_deleting_are_taken_out_too(kept: Swept, visit: Visit) -> None:
    before = visit.run(*_COUNTS, _WHICH)
    kept._children_first.reverse()
    visit.run(_STAFF, "DELETE FROM platform.merchant WHERE slug = 'other'")
    assert visit.run(*_COUNTS, _WHICH) == before


def test_control_a_table_that_is_left_out_is_seen(kept: Swept, visit: Visit) -> None:
    """Planted bug: sessions are not swept."""
    before = visit.run(*_COUNTS, _WHICH)
    all_of_them = kept._children_first
    kept._children_first = [name for name in all_of_them if name != "m_demo.session"]
    visit.run(_SESSIONS, _STAFF)
    kept._children_first = all_of_them
    assert visit.run(*_COUNTS, _WHICH) != before
