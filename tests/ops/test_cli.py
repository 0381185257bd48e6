"""The command line, run as an operator would, against a real database."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from tests.conftest import SECRET
from tiefen import cli
from tiefen.commands.installation import async_url, database, libpq_environment
from tiefen.kernel import audit

PASSWORD = "Correct-horse-9"


@pytest.fixture(autouse=True)
def _installation(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEFEN_DATABASE_URL", database_url)
    monkeypatch.setenv("TIEFEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TIEFEN_SECRET_KEY", SECRET)
    monkeypatch.setenv("TIEFEN_PUBLIC_URL", "https://shop.example")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)


def refused(*arguments: str) -> str:
    """The sentence that `main` prints instead of a traceback."""
    with pytest.raises(cli.OPERATORS) as error:
        run(*arguments)
    return str(error.value)


def sql(url: str, statement: str) -> None:
    async def once() -> None:
        async with database(url) as db, db.platform() as tx:
            await tx.execute(text(statement))

    asyncio.run(once())


def dead_job(url: str, name: str) -> None:
    sql(
        url,
        "INSERT INTO platform.job (merchant, lane, name, args, state, run_at, attempts, max_attempts, error)"
        f" VALUES ('demo', 'pay', '{name}', '{{}}', 'dead', now(), 3, 3, 'Timeout: away')",
    )


def test_where_no_database_answers_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        port = nobody.getsockname()[1]
        monkeypatch.setenv("TIEFEN_DATABASE_URL", f"postgresql://me@127.0.0.1:{port}/shop")
        monkeypatch.setattr("sys.argv", ["tiefen", "migrate"])
        with pytest.raises(SystemExit, match="the database does not answer"):
            cli.main()


def test_another_kind_of_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEFEN_DATABASE_URL", "mysql://me@here/shop")
    assert "mysql:// is not PostgreSQL" in refused("migrate")


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_none_is_named(command: str) -> None:
    ended = run(command, "--port", "99999")
    assert ended.exit_code == 2
    assert "--port" in ended.output


def test_help_names_every_command() -> None:
    said = run("--help").stdout
    for name in [
        "demo",
        "serve",
        "worker",
        "migrate",
        "doctor",
        "audit",
        "recount",
        "sandbox",
        "merchant",
        "import",
        "backup",
        "restore",
        "jobs",
    ]:
        assert name in said


def test_migrate_is_done_once() -> None:
    assert run("migrate").stdout == "up to date\n"


def test_a_merchant_is_made_with_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEFEN_OWNER_PASSWORD", PASSWORD)
    first = run("merchant", "create", "tea", "--name", "茶铺")
    assert (
        first.stdout == "merchant tea made\nowner signs in at https://shop.example/m/tea/console/\n"
    )
    again = run("merchant", "create", "tea", "--name", "茶铺")
    assert "was there" in again.stdout
    assert "already signs in" in again.stdout
    listed = json.loads(run("merchant", "list", "--json").stdout)["merchants"]
    assert {"slug": "tea", "name": "茶铺", "active": True} in listed


@pytest.mark.parametrize(
    ("slug", "password", "why"),
    [("Tea", PASSWORD, "a slug has"), ("tea", "short", "team.password_weak")],
)
def test_a_merchant_with_bad_input_is_refused(
    monkeypatch: pytest.MonkeyPatch, slug: str, password: str, why: str
) -> None:
    monkeypatch.setenv("TIEFEN_OWNER_PASSWORD", password)
    assert why in refused("merchant", "create", slug, "--name", "茶铺")


def test_what_a_rule_refuses_is_told_as_any_other_mistake() -> None:
    why = refused("import", "undo-stock", "1", "--merchant", "nobody")
    assert "no merchant nobody" in why
    assert "import_missing" in refused("import", "undo-stock", "1", "--merchant", "demo")


def test_audit_passes_on_sound_data() -> None:
    done = run("audit", "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert said["ok"]
    assert said["breaches"] == []
    assert said["merchants"] == ["demo", "other"]
    assert said["checked"] == [one.id for one in audit.registered()]


def test_a_recount_of_sound_data_finds_nothing() -> None:
    said = json.loads(run("recount", "--json").stdout)
    assert said["demo"] == {"fans": 0, "channels": 0, "members": 0}
    assert "demo: drifted fans 0, channels 0" in run("recount").stdout


def test_audit_names_the_offending_ids_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_registered", dict(audit._registered))
    audit.invariant(
        "T9", "there is no 7", "SELECT n AS id FROM generate_series(6, 8) n WHERE n = 7"
    )
    done = run("audit")
    assert done.exit_code == 1
    assert "demo  T9  there is no 7: {'id': 7}" in done.stdout
    said = json.loads(run("audit", "--json").stdout)
    assert not said["ok"]
    assert {
        "merchant": "other",
        "invariant": "T9",
        "promise": "there is no 7",
        "row": {"id": 7},
    } in said["breaches"]


def test_dead_jobs_are_listed_and_revived(database_url: str) -> None:
    dead_job(database_url, "payments.refund")
    dead_job(database_url, "orders.close_unpaid")
    rows = json.loads(run("jobs", "--json").stdout)["jobs"]
    assert [row["name"] for row in rows] == ["orders.close_unpaid", "payments.refund"]
    assert "Timeout: away" in run("jobs").stdout
    assert run("jobs", "--retry", str(rows[0]["id"])).stdout == "1 jobs will run again\n"
    assert run("jobs", "--retry-all").stdout == "1 jobs will run again\n"
    assert run("jobs").stdout == "no dead jobs\n"


def test_doctor_finds_what_is_wrong(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dead_job(database_url, "payments.refund")
    monkeypatch.setenv("TIEFEN_PUBLIC_URL", "http://shop.example")
    done = run("doctor", "--json")
    found = {one["subject"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.exit_code == 1
    assert found["address"]["level"] == "fail"
    assert "https" in found["address"]["fix"]
    assert found["jobs"]["what"] == "1 jobs failed for good"


def test_a_short_master_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEFEN_SECRET_KEY", "short")
    monkeypatch.setattr("sys.argv", ["tiefen", "migrate"])
    with pytest.raises(SystemExit, match="at least 32 characters"):
        cli.main()


def test_a_setting_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEFEN_POOL_SIZE", "many")
    monkeypatch.setattr("sys.argv", ["tiefen", "migrate"])
    with pytest.raises(SystemExit, match=r"tiefen: TIEFEN_POOL_SIZE: .*integer"):
        cli.main()


def test_backup_and_drill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEFEN_BACKUP_PASSPHRASE", "口令")
    file = tmp_path / "all.tiefen"
    assert "2 merchants" in run("backup", str(file)).stdout
    done = run("restore", "--drill", str(file))
    assert done.exit_code == 0
    assert "0 broken rows" in done.stdout


@pytest.mark.parametrize(
    ("given", "made", "environment"),
    [
        (
            "postgres://u:p%40ss@db.example:6432/shop?sslmode=require",
            "postgresql+asyncpg://u:p%40ss@db.example:6432/shop?ssl=require",
            {
                "PGHOST": "db.example", "PGPORT": "6432", "PGUSER": "u", "PGPASSWORD": "p@ss",
                "PGDATABASE": "shop", "PGSSLMODE": "require",
            },
        ),
        (
            "postgresql://u:p@/shop?host=/run/pg&port=5433",
            "postgresql+asyncpg://u:p@/shop?host=/run/pg&port=5433",
            {
                "PGHOST": "/run/pg", "PGPORT": "5433", "PGUSER": "u", "PGPASSWORD": "p",
                "PGDATABASE": "shop",
            },
        ),
    ],
)  # fmt: skip
def test_addresses_are_understood(given: str, made: str, environment: dict[str, str]) -> None:
    url = async_url(given)
    assert url.replace("%2F", "/") == made
    assert libpq_environment(url) == environment
