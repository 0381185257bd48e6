"""The command line: `tiefen demo | serve | worker | migrate | doctor | audit | jobs | …`.

Reads arguments, opens the installation, calls a chapter of `tiefen.commands`, prints what came of it.
"""

import asyncio
import atexit
import gc
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from socket import gaierror
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from tiefen.commands import backup as backups
from tiefen.commands import demo as demos
from tiefen.commands import founding, importing, inspection, schema, serving, stocking
from tiefen.commands import hand as hands
from tiefen.commands.installation import (
    InstallationError,
    create_merchant,
    database,
    migrate_up,
    opened,
)
from tiefen.fans.values import Dates, Decimals, Dialect, PastField
from tiefen.inventory.values import ImportMode
from tiefen.kernel import audit as audits
from tiefen.kernel.errors import Refusal
from tiefen.kernel.postgres_programs import PostgresError
from tiefen.kernel.settings import Settings
from tiefen.sandbox.__main__ import main as run_sandbox

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Tiefen 铁粉", rich_markup_mode=None
)
merchants = typer.Typer(no_args_is_help=True, help="Merchants of this installation.")
app.add_typer(merchants, name="merchant")
imports = typer.Typer(no_args_is_help=True, help="What was there before us.")
app.add_typer(imports, name="import")

OPERATORS = (Refusal, PostgresError, InstallationError, backups.BackupError, demos.DemoError)
"""Errors whose message is for the operator, not a bug: no traceback."""
AWAY = (ConnectionError, gaierror, TimeoutError)
"""What connecting ends in where nobody listens."""
SWEEPS = (10_000, 20, 50)
"""After how many new objects memory is swept, and how often older ones too: a request makes thousands,
nearly all of which are gone with it."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def main() -> None:
    """Entry of the `tiefen` program."""
    hear_signals()
    # What is loaded stays, so no sweep of memory need look at it while requests wait. Nor in the end:
    # the system takes it all back at once, a sweep takes seconds on a busy machine.
    gc.freeze()
    gc.set_threshold(*SWEEPS)
    atexit.register(gc.freeze)
    try:
        app()
    except OPERATORS as error:
        sys.exit(f"tiefen: {error}")
    except AWAY as error:
        sys.exit(f"tiefen: the database does not answer ({str(error) or type(error).__name__})")


def hear_signals() -> None:
    """Let Ctrl-C and SIGTERM end us in order: what we opened is closed.

    A script's background job is born deaf to Ctrl-C, and would stay so until something asks for it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@app.command()
def demo(
    port: Annotated[
        int,
        typer.Option(min=1, max=65_534, help="Of the server; the sandbox takes the next one."),
    ] = 8000,
    data: Annotated[Path, typer.Option(help="Folder that keeps everything.")] = Path(".tiefen"),
    fans: Annotated[int, typer.Option(min=0, help="How many fans live in the demo world.")] = 8000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 1,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget everything and start anew.")
    ] = False,
    reload: Annotated[
        bool, typer.Option("--reload", help="Restart the server when code changes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run everything with a demo merchant and a stand-in for WeChat, until Ctrl-C."""
    plan = demos.Plan(port, data, fans, seed, reset=reset, reload=reload, as_json=as_json)
    raise typer.Exit(demos.run(plan))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes.")] = 1,
    work: Annotated[
        bool, typer.Option(help="Also run jobs; --no-work when `tiefen worker` does.")
    ] = True,
    migrate: Annotated[bool, typer.Option(help="Bring the schemas up to date first.")] = True,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when code changes.")] = False,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    stop_at_eof: Annotated[bool, typer.Option("--stop-at-eof", hidden=True)] = False,
) -> None:
    """Serve HTTP, with a worker inside unless told otherwise."""
    if stop_at_eof or fd is not None:
        serving.stop_at_end_of_input()
    with opened(_settings()) as installation:
        if fd is not None:
            serving.serve(installation, serving.inherited(fd), work=work)
            return
        if migrate:
            asyncio.run(migrate_up(installation.url))
        try:
            bound = serving.listen(host, port)
        except OSError as error:
            sys.exit(f"tiefen: cannot listen on {host}:{port}: {error.strerror}")
        environment = os.environ | {"TIEFEN_DATABASE_URL": installation.url}
        if reload:
            raise typer.Exit(serving.serve_reloading(bound, environment, work=work))
        if workers > 1:
            raise typer.Exit(serving.serve_many(bound, workers, environment, work=work))
        serving.serve(installation, bound, work=work)


@app.command()
def worker() -> None:
    """Run jobs only, apart from the servers."""
    with opened(_settings()) as installation:
        serving.work(installation)


@app.command()
def migrate(
    new: Annotated[str, typer.Option(help="Write a migration with this message instead.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only tell whether models and schemas agree.")
    ] = False,
) -> None:
    """Bring the platform's and every merchant's schema up to date."""
    if new or check:
        told = schema.write(new) if new else schema.compare()
        typer.echo("\n".join(told) or "models and migrations agree")
        raise typer.Exit(1 if check and told else 0)
    with opened(_settings()) as installation:
        changed = asyncio.run(migrate_up(installation.url))
    typer.echo(f"migrated: {', '.join(changed)}" if changed else "up to date")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Examine installation and WeChat connections; say what is wrong and how to put it right."""
    with opened(_settings()) as installation:
        found = asyncio.run(inspection.examine(installation))
    if as_json:
        _print_json({"findings": [asdict(one) for one in found]})
    else:
        for one in found:
            typer.echo(inspection.as_text(one))
    raise typer.Exit(1 if any(one.level == "fail" for one in found) else 0)


@app.command()
def audit(as_json: AsJson = False) -> None:
    """Prove the promises on money, stock and events for every merchant; list what breaks them."""

    async def run(url: str) -> tuple[Sequence[str], list[audits.Breach]]:
        async with database(url) as db:
            return await db.merchants(), await audits.run(db)

    with opened(_settings()) as installation:
        merchants, breaches = asyncio.run(run(installation.url))
    _tell_breaches(merchants, breaches, as_json)


@app.command()
def recount(as_json: AsJson = False) -> None:
    """Count anew what is kept counted: fans, channel codes, daily figures; say what had drifted."""
    with opened(_settings()) as installation:
        found = asyncio.run(inspection.recount(installation.url))
    if as_json:
        _print_json(found)
        return
    for merchant, rooms in found.items():
        told = ", ".join(f"{room} {drifted}" for room, drifted in rooms.items())
        typer.echo(f"{merchant}: drifted {told}")


@app.command()
def sandbox(
    port: Annotated[int, typer.Option()] = 8001,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    data: Annotated[Path, typer.Option()] = Path(".tiefen/sandbox"),
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Run the WeChat sandbox alone, as `python -m tiefen.sandbox` does."""
    given = {"host": host, "port": port, "data": data, "seed": seed}
    run_sandbox([f"--{name}={value}" for name, value in given.items()])


@app.command(hidden=True)
def hand(seed: int) -> None:
    """Lend a second pair of hands to whoever makes a demo world and started this."""
    hands.lend(seed)


@imports.command("followers")
def import_followers(
    merchant: Annotated[str, typer.Option(help="Whose 公众号.")],
    follow: Annotated[
        bool, typer.Option(help="Wait and tell how far it is; Ctrl-C stops the telling alone.")
    ] = True,
) -> None:
    """Make everybody who follows the 公众号 a fan; the same command goes on with what stands."""
    with opened(_settings()) as installation:
        state = asyncio.run(
            importing.followers(installation.url, merchant, typer.echo, follow=follow)
        )
    raise typer.Exit(1 if state == "failed" else 0)


@imports.command("purchases")
def import_purchases(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX.")],
    merchant: Annotated[str, typer.Option(help="Whose.")],
    source: Annotated[
        str, typer.Option(help="Where they were bought; a number counts once in it.")
    ],
    column: Annotated[
        list[str] | None, typer.Option(help="field=heading or letter, such as amount=实付金额.")
    ] = None,
    dates: Annotated[Dates, typer.Option(help="In which order days are written.")] = Dates.YMD,
    decimals: Annotated[
        Decimals, typer.Option(help="What stands before the fen.")
    ] = Decimals.POINT,
    dry: Annotated[bool, typer.Option("--dry-run", help="Try it out and add nothing.")] = False,
) -> None:
    """Bring purchases made elsewhere before: history of fans, apart from orders and money."""
    columns: dict[PastField, str] = {}
    for one in column or []:
        field, _, heading = one.partition("=")
        if field not in set(PastField):
            sys.exit(f"tiefen: no field {field}; there are {', '.join(PastField)}")
        columns[PastField(field)] = heading
    plan = importing.PurchasePlan(source, columns, Dialect(dates, decimals), dry)
    with opened(_settings()) as installation:
        state = asyncio.run(importing.purchases(installation.url, merchant, file, plan, typer.echo))
    raise typer.Exit(0 if state in ("checked", "done") else 1)


@imports.command("undo-purchases")
def undo_purchases(
    number: Annotated[int, typer.Argument(help="Of the import.")],
    merchant: Annotated[str, typer.Option(help="Whose.")],
) -> None:
    """Take away every purchase that an import added."""
    with opened(_settings()) as installation:
        asyncio.run(importing.undo_purchases(installation.url, merchant, number, typer.echo))


@imports.command("stock")
def import_stock(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX.")],
    merchant: Annotated[str, typer.Option(help="Whose.")],
    mode: Annotated[
        ImportMode, typer.Option(help="set: so many lie there. add: more or fewer.")
    ] = ImportMode.SET,
    location: Annotated[str, typer.Option(help="Of lines that name none.")] = "",
    reference: Annotated[
        str, typer.Option(help="The same table counts once under it, such as a delivery note.")
    ] = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Try it out and change nothing.")] = False,
) -> None:
    """Change stock by a table; see also export-stock."""
    plan = stocking.StockPlan(mode, location, reference, dry)
    with opened(_settings()) as installation:
        state = asyncio.run(stocking.take(installation.url, merchant, file, plan, typer.echo))
    raise typer.Exit(0 if state in ("checked", "done") else 1)


@imports.command("undo-stock")
def undo_stock(
    number: Annotated[int, typer.Argument(help="Of the import.")],
    merchant: Annotated[str, typer.Option(help="Whose.")],
) -> None:
    """Take back what an import of stock changed."""
    with opened(_settings()) as installation:
        asyncio.run(stocking.undo(installation.url, merchant, number, typer.echo))


@app.command("export-stock")
def export_stock(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="CSV to write.")],
    merchant: Annotated[str, typer.Option(help="Whose.")],
    location: Annotated[str, typer.Option(help="One alone.")] = "",
) -> None:
    """Write stock as it stands as a table that can be imported again."""
    with opened(_settings()) as installation:
        lines = asyncio.run(stocking.write_out(installation.url, merchant, file, location))
    typer.echo(f"{lines:,} lines in {file}")


@app.command()
def rfm(merchant: Annotated[str, typer.Option(help="Whose fans.")]) -> None:
    """Score everybody who bought by recency, frequency and money; it happens every night too."""
    with opened(_settings()) as installation:
        typer.echo(asyncio.run(importing.score(installation.url, merchant)))


@merchants.command("create")
def create(
    slug: Annotated[str, typer.Argument(help="Short name for addresses: a-z, 0-9, _.")],
    name: Annotated[str, typer.Option(help="The name people read.")],
    account: Annotated[str, typer.Option(help="Sign-in of the owner.")] = "owner",
    owner: Annotated[str, typer.Option(help="The owner's name.")] = "店主",
    password: Annotated[
        str, typer.Option(envvar="TIEFEN_OWNER_PASSWORD", help="Asked for when not given.")
    ] = "",
) -> None:
    """Make a merchant with its own schema, and an owner who can sign in."""
    secret = password or typer.prompt(
        "Password of the owner", hide_input=True, confirmation_prompt=True
    )

    async def run(url: str) -> tuple[bool, bool]:
        await migrate_up(url)
        made = await create_merchant(url, slug, name)
        async with database(url) as db:
            told = {"account": account, "name": owner, "password": secret}
            return made, await founding.add_owner(db, slug, **told)

    with opened(_settings()) as installation:
        made, added = asyncio.run(run(installation.url))
        address = f"{installation.settings.public_url}/m/{slug}/console/"
    typer.echo(f"merchant {slug} {'made' if made else 'was there'}")
    typer.echo(f"{account} {'signs' if added else 'already signs'} in at {address}")


@merchants.command("list")
def list_merchants(as_json: AsJson = False) -> None:
    """Every merchant with its counts."""
    with opened(_settings()) as installation:
        rows = asyncio.run(inspection.merchants(installation.url))
    if as_json:
        _print_json({"merchants": rows})
    else:
        typer.echo("\n".join(f"{row['slug']:<20} {row['name']}" for row in rows) or "none yet")


@app.command()
def backup(file: Path) -> None:
    """Write all merchants, files and settings into FILE; sealed when TIEFEN_BACKUP_PASSPHRASE is set."""
    with opened(_settings()) as installation:
        made = backups.backup(installation, file, passphrase=_passphrase())
    rows = sum(sum(tables.values()) for tables in made.rows.values())
    typer.echo(
        f"{file}: {len(made.merchants)} merchants, {rows} rows, {made.files} files, {file.stat().st_size} bytes"
    )
    if not _passphrase():
        typer.echo(
            "not sealed: whoever has the file can read it (set TIEFEN_BACKUP_PASSPHRASE)", err=True
        )
    typer.echo("keep the master key apart: without it secrets in this file stay shut", err=True)


@app.command()
def restore(
    file: Path,
    drill: Annotated[
        bool, typer.Option("--drill", help="Rehearse into a throw-away database.")
    ] = False,
) -> None:
    """Bring FILE back into an empty installation and check every promise."""
    bring = backups.drill if drill else backups.restore
    with opened(_settings()) as installation:
        done = bring(installation, file, passphrase=_passphrase())
    typer.echo(f"restored {len(done.merchants)} merchants, {done.rows} rows, {done.files} files")
    _tell_breaches(done.merchants, done.breaches, as_json=False)


@app.command()
def jobs(
    state: Annotated[str, typer.Option(help="ready, running or dead.")] = "dead",
    retry: Annotated[
        list[int] | None, typer.Option(help="Give these dead jobs their tries back.")
    ] = None,
    retry_all: Annotated[bool, typer.Option("--retry-all")] = False,
    as_json: AsJson = False,
) -> None:
    """List jobs that are not done, or give dead ones another chance."""
    with opened(_settings()) as installation:
        if retry or retry_all:
            revived = asyncio.run(
                inspection.retry_jobs(installation.url, retry or [], everything=retry_all)
            )
            typer.echo(f"{revived} jobs will run again")
            return
        rows = asyncio.run(inspection.jobs(installation.url, state))
    if as_json:
        _print_json({"jobs": rows})
    else:
        typer.echo("\n".join(inspection.job_line(row) for row in rows) or f"no {state} jobs")


def _settings() -> Settings:
    try:
        known = demos.settings_of(Settings().data_dir)
        return Settings(**{name: value for name, value in known.items() if not _is_set(name)})
    except ValidationError as error:
        wrong = "; ".join(
            f"TIEFEN_{one['loc'][0]}".upper() + f": {one['msg']}" for one in error.errors()
        )
        raise InstallationError(wrong) from error


def _is_set(name: str) -> bool:
    return f"TIEFEN_{name.upper()}" in os.environ


def _passphrase() -> str:
    return os.environ.get("TIEFEN_BACKUP_PASSPHRASE", "")


def _tell_breaches(merchants: Sequence[str], breaches: list[audits.Breach], as_json: bool) -> None:
    checked = [promise.id for promise in audits.registered()]
    if as_json:
        told = {"ok": not breaches, "merchants": merchants, "checked": checked}
        _print_json(told | {"breaches": [asdict(one) for one in breaches]})
    else:
        for one in breaches:
            typer.echo(f"{one.merchant}  {one.invariant}  {one.promise}: {one.row}")
        where = f"{len(checked)} promises checked in {', '.join(merchants) or 'no merchant'}"
        typer.echo(f"{where}: {len(breaches)} broken rows")
    if breaches:
        raise typer.Exit(1)


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))
