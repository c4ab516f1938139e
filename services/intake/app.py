"""The composition root: settings → database, keys, HTTP app; and the worker's tasks."""

import asyncio
import json
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette

from services.intake.api import (
    assignments,
    attachments,
    call_backs,
    circle,
    codes,
    conflicts,
    counter_reports,
    deadlines,
    digests,
    directory,
    dual_assignments,
    dual_exchange,
    invitations,
    leads,
    ledgers,
    life,
    merges,
    messages,
    national_files,
    objections,
    police_calls,
    receipts,
    replies,
    report_attachments,
    reports,
    retention,
    reward_claims,
    rewards,
    screenings,
    search,
    suggestions,
    transfers,
    vault_command,
    vault_openings,
    vault_shreddings,
    vault_state,
)
from services.intake.api.door import Door
from services.intake.api.draw_command import main as draw
from services.intake.api.receipt_command import main as receipt
from services.intake.clients.objects import Objects
from services.intake.clock import attachment_timers, taking_in, timers
from services.intake.consumer import HANDLERS
from services.intake.db.key_store import KeyStore
from services.intake.domain.circle import secret_of
from services.intake.domain.file_key import FileKeys
from services.intake.domain.receipt import ReceiptSigner
from services.intake.settings import Settings, VaultSettings
from services.intake.usecases.answer_invitation import Invitations
from services.intake.usecases.attachments import Store
from services.intake.usecases.claim_reward import RewardDesk
from services.intake.usecases.file_objection import Objections
from services.intake.usecases.file_report import Desk
from services.intake.usecases.import_notice import import_and_count
from services.intake.usecases.keep_reporters import Vault
from services.intake.usecases.known_codes import KnownCodes
from services.intake.usecases.letters import Letters
from services.intake.usecases.own_codes import OwnCodes
from services.intake.usecases.read_progress import ReadProgress
from services.intake.usecases.reporter_mailbox import Mailbox
from services.intake.usecases.share_limits import SharedLimits
from services.intake.usecases.submit_lead import SubmitLead
from services.intake.usecases.take_calls import TakeCalls
from shared import ops, telemetry
from shared.auth import Keys
from shared.db import Database
from shared.deadlines import Notice
from shared.errors import Invalid
from shared.http import create_app, read_alerts, worker_app
from shared.process import FileAction, serve
from shared.sealing import Sealer
from shared.worker import Worker

__all__ = ["MIGRATIONS", "SERVICE", "api", "draw", "receipt", "vault_api", "vault_main", "worker"]
SERVICE = "intake"
MIGRATIONS = Path(__file__).parent / "db" / "migrations"
ROUTERS = (
    leads.router,
    ledgers.router,
    dual_assignments.router,
    dual_exchange.router,
    codes.router,
    deadlines.router,
    reports.router,
    counter_reports.router,
    receipts.router,
    merges.router,
    directory.router,
    search.router,
    conflicts.router,
    life.router,
    assignments.router,
    retention.router,
    suggestions.router,
    circle.router,
    digests.router,
    call_backs.router,
    call_backs.open_doors,
    read_alerts.router,
    police_calls.router,
    attachments.router,
    report_attachments.router,
    national_files.router,
    replies.router,
    transfers.router,
    screenings.router,
    messages.router,
    rewards.router,
    reward_claims.router,
    objections.router,
    invitations.router,
)
VAULT_ROUTERS = (vault_openings.router, vault_shreddings.router, vault_state.router)


def api() -> FastAPI:
    """The HTTP app."""
    settings = Settings()
    database = Database(
        settings.database_url.get_secret_value(), pool=settings.database_pool, application=f"{SERVICE}-api"
    )
    app = create_app(SERVICE, settings=settings, database=database, keys=Keys(settings.issuer), routers=ROUTERS)
    app.state.codes = KnownCodes(database)
    app.state.submit_lead = SubmitLead(database, region=settings.region, view=leads.view)
    app.state.ledger_turn = asyncio.Lock()
    app.state.sealer = Sealer(settings.seal_keys)
    app.state.circle_secret = secret_of(settings.digest())
    app.state.take_calls = TakeCalls(database, region=settings.region, sealer=app.state.sealer)
    app.state.attachments, app.state.uploading = _store(settings), set()
    _reports(app, settings, database)
    return app


def _store(settings: Settings) -> Store:
    """The attachments' keys and objects."""
    return Store(
        keys=FileKeys(settings.attachment_keys),
        objects=Objects(settings.attachment_store, settings.attachment_store_options),
        region=settings.region,
        clamd=settings.attachment_clamd,
    )


def _reports(app: FastAPI, settings: Settings, database: Database) -> None:
    """What the doors for reports need."""
    codes, digest = settings.codes(), settings.digest()
    app.state.receipts = ReceiptSigner(settings.receipt_key, settings.receipt_older_keys)
    app.state.door = Door(
        digest,
        SharedLimits(database, digest),
        bits=settings.challenge_bits,
        seconds=settings.challenge_seconds,
        a_minute=settings.public_a_minute,
    )
    app.state.desk = Desk(
        region=settings.region,
        sealer=app.state.sealer,
        signer=app.state.receipts,
        code_keys=codes,
        digest=digest,
    )
    app.state.own_codes = OwnCodes(codes)
    app.state.read_progress = ReadProgress(database, app.state.desk, app.state.own_codes)
    app.state.letters = Letters(settings.mailbox_keys)
    app.state.invitations = Invitations(database, app.state.letters, app.state.desk)
    app.state.objections = Objections(database, app.state.letters, app.state.desk)
    app.state.mailbox = Mailbox(
        database, app.state.letters, app.state.desk, app.state.read_progress, app.state.own_codes
    )
    app.state.reward_desk = RewardDesk(database, app.state.desk, codes)


def vault_api() -> FastAPI:
    """The vault's HTTP app, a process of its own: nothing else has its database role, its keys and its key store."""
    settings = VaultSettings()
    database, vault = _vault(settings)
    app = create_app(
        SERVICE,
        settings=settings,
        database=database,
        keys=Keys(settings.issuer),
        routers=VAULT_ROUTERS,
        part="vault",
        events=False,
        beside=partial(taking_in, database, vault),
    )
    app.state.vault = vault
    return app


def vault_main(arguments: list[str]) -> int:
    """`python -m services.intake vault …`."""
    settings = VaultSettings()
    telemetry.configure(service=SERVICE, role="vault", level=settings.log_level)
    return vault_command.main(
        arguments,
        serve=lambda: serve(vault_api, settings, service=SERVICE, role="vault"),
        make=lambda: _vault(settings),
    )


def _vault(settings: VaultSettings) -> tuple[Database, Vault]:
    url, pool = settings.database_url.get_secret_value(), settings.database_pool
    vault = Vault(settings.key_id, settings.opener(), settings.sealer(), KeyStore(settings.key_store))
    return Database(url, pool=pool, application=f"{SERVICE}-vault"), vault


def worker() -> Starlette:
    """The worker with its health page."""
    settings = Settings()
    database = Database(settings.database_url.get_secret_value(), application=f"{SERVICE}-worker", by_index=True)
    return worker_app(
        SERVICE,
        Worker(
            service=SERVICE,
            region=settings.region,
            database=database,
            address=settings.kafka_address(),
            handlers=HANDLERS,
            timers={
                **timers(
                    settings.digest(), notices=_notices(settings.holiday_notices), remind_from=settings.remind_from
                ),
                **attachment_timers(database, _store(settings)),
            },
            signer=settings.audit_signer(),
            checkpoint_every=settings.audit_checkpoint_seconds,
            anchors=settings.audit_anchors,
        ),
    )


async def bring_notice(database: Database, file: Path, reason: str, at: datetime) -> Any:
    """An operator's holiday notice: keep it, count again what runs, show what moved. Raises `Invalid`."""
    if len(reason.strip()) < ops.SHORTEST_REASON:
        raise Invalid("理由至少五个字 / a reason of at least five characters is needed")
    notice = await asyncio.to_thread(_notice, file)
    new, moved = await import_and_count(database, notice, at=at, reason=reason)
    other = [asdict(each) for each in moved if each.before != each.after]
    return {"year": notice.year, "new": new, "moved": other, "confirmed": len(moved) - len(other)}


ACTIONS = (
    FileAction(
        name="import-notice",
        about="bring a year's holiday notice (JSON); limits that run are counted again, and those that moved are shown",
        run=bring_notice,
    ),
)


def _notice(file: Path) -> Notice:
    try:
        return Notice.of(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as fault:
        raise Invalid(f"不是放假通知文件 / not a holiday notice: {type(fault).__name__}") from None


def _notices(folder: Path | None) -> list[Notice]:
    files = sorted(folder.glob("*.json")) if folder else []
    return [Notice.of(json.loads(file.read_text("utf-8"))) for file in files]
