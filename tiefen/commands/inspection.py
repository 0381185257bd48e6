"""Looking at an installation: what is wrong with it, which jobs wait, which merchants there are."""

import os
import shutil
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text, update

from tiefen.analytics import service as analytics
from tiefen.channels import service as channels
from tiefen.commands.installation import Installation, database
from tiefen.fans import service as fans
from tiefen.kernel import faces, migrate
from tiefen.kernel.db import Db
from tiefen.kernel.directory import Merchant
from tiefen.kernel.jobs import Job
from tiefen.members import service as members
from tiefen.wechat import service as wechat

OLDEST_POSTGRES = 15
LEAST_DISK = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `level` is ok, warn or fail; `fix` says what to do."""

    level: str
    subject: str
    what: str
    fix: str = ""


async def examine(installation: Installation) -> list[Finding]:
    """Everything the doctor knows: the installation first, then each merchant."""
    found = [*_files(installation), *_addresses(installation)]
    async with database(installation.url) as db:
        found += await _database(db)
        for merchant in await db.merchants():
            found += await _wechat(db, merchant)
    return found


async def _wechat(db: Db, merchant: str) -> list[Finding]:
    language = (
        "zh" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("zh") else "en"
    )
    return [
        Finding(
            one.level.value,
            f"{merchant} · {one.subject}",
            getattr(one.what, language),
            getattr(one.how_to_fix, language),
        )
        for one in await wechat.diagnose(db, merchant)
    ]


def as_text(finding: Finding) -> str:
    """One finding as lines for a terminal."""
    fix = f"\n       → {finding.fix}" if finding.fix else ""
    return f"{finding.level:>5}  {finding.subject}: {finding.what}{fix}"


def _files(installation: Installation) -> list[Finding]:
    settings = installation.settings
    free = shutil.disk_usage(settings.data_dir).free
    found = [
        Finding(
            "ok" if free > LEAST_DISK else "fail",
            "disk",
            f"{free // 1024**2} MiB free in {settings.data_dir}",
            "" if free > LEAST_DISK else "make room, or move TIEFEN_DATA_DIR to a larger disk",
        )
    ]
    key = settings.data_dir / "secret_key"
    if key.exists() and key.stat().st_mode & 0o077:
        found.append(Finding("fail", "secret key", f"others may read {key}", f"chmod 600 {key}"))
    missing = [face for face in faces.FACES if not faces.built(face)]
    if missing:
        found.append(Finding("warn", "faces", f"not built: {', '.join(missing)}", "run make faces"))
    return found


def _addresses(installation: Installation) -> list[Finding]:
    settings = installation.settings
    found = []
    if settings.sandbox_url:
        found.append(
            Finding(
                "ok" if settings.demo else "warn",
                "WeChat",
                f"the sandbox at {settings.sandbox_url} stands in for WeChat",
                "" if settings.demo else "unset TIEFEN_SANDBOX_URL to talk to WeChat itself",
            )
        )
    elif not settings.public_url.startswith("https://"):
        found.append(
            Finding(
                "fail",
                "address",
                f"TIEFEN_PUBLIC_URL is {settings.public_url}: WeChat reaches only https addresses",
                "set it to the https address under which this server is reached",
            )
        )
    return found


async def _database(db: Db) -> list[Finding]:
    found = []
    async with db.platform() as tx:
        number = int(await tx.scalar(text("SHOW server_version_num")) or 0) // 10000
        level = "ok" if number >= OLDEST_POSTGRES else "fail"
        fix = "" if level == "ok" else f"use PostgreSQL {OLDEST_POSTGRES} or newer"
        found.append(Finding(level, "database", f"PostgreSQL {number}", fix))
        encoding = await tx.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            found.append(
                Finding(
                    "fail", "database", f"encoding {encoding}", "make a database with encoding UTF8"
                )
            )
        at = await tx.scalar(text("SELECT version_num FROM platform.alembic_version"))
        if at != migrate.head("platform"):
            found.append(
                Finding("fail", "migrations", f"platform is at {at}", "run tiefen migrate")
            )
        dead = await tx.scalar(text("SELECT count(*) FROM platform.job WHERE state = 'dead'")) or 0
        if dead:
            found.append(
                Finding(
                    "warn", "jobs", f"{dead} jobs failed for good", "see tiefen jobs, then --retry"
                )
            )
        late = await tx.scalar(
            text(
                "SELECT extract(epoch FROM max(now() - run_at)) FROM platform.job"
                " WHERE state = 'ready' AND run_at < now()"
            )
        )
        if late and late > 300:
            found.append(
                Finding("warn", "jobs", f"one waits since {int(late)} s", "is a worker running?")
            )
    return found


async def merchants(url: str) -> list[dict[str, Any]]:
    """Slug, name and state of every merchant."""
    async with database(url) as db, db.platform() as tx:
        rows = await tx.execute(
            select(Merchant.slug, Merchant.name, Merchant.active).order_by(Merchant.slug)
        )
        return [dict(row._mapping) for row in rows]


async def jobs(url: str, state: str) -> list[dict[str, Any]]:
    """The newest hundred jobs in one state, over all merchants."""
    columns = (
        Job.id,
        Job.merchant,
        Job.lane,
        Job.name,
        Job.attempts,
        Job.run_at,
        Job.error,
        Job.args,
    )
    async with database(url) as db, db.platform() as tx:
        rows = await tx.execute(
            select(*columns).where(Job.state == state).order_by(Job.id.desc()).limit(100)
        )
        return [dict(row._mapping) for row in rows]


async def retry_jobs(url: str, ids: list[int], *, everything: bool) -> int:
    """Give dead jobs their tries back; returns how many."""
    async with database(url) as db, db.platform() as tx:
        statement = update(Job).where(Job.state == "dead")
        if not everything:
            statement = statement.where(Job.id.in_(ids))
        revived = await tx.scalars(
            statement.values(state="ready", attempts=0, run_at=tx.now, error=None).returning(Job.id)
        )
        return len(revived.all())


def job_line(row: dict[str, Any]) -> str:
    """One job as a line for a terminal."""
    error = f"  {row['error'].splitlines()[0][:100]}" if row["error"] else ""
    return f"{row['id']:>8}  {row['merchant']:<12} {row['name']:<32} tries {row['attempts']}{error}"


async def recount(url: str) -> dict[str, dict[str, int]]:
    """Count everything anew that is kept counted; how many rows had drifted, by merchant and room."""
    found: dict[str, dict[str, int]] = {}
    async with database(url) as db:
        for merchant in await db.merchants():
            at: tuple[str, int] | None = ("orders", 0)
            while at is not None:
                async with db.merchant(merchant) as tx:
                    at = await channels.see_again(tx, *at)
            async with db.merchant(merchant) as tx:
                await tx.execute(text("SET LOCAL statement_timeout = 0"))
                found[merchant] = {
                    "fans": await fans.rebuild_counters(tx),
                    "channels": await channels.rebuild_counters(tx),
                    "members": await members.rebuild_levels(tx),
                }
                await analytics.rebuild(tx)
    return found
