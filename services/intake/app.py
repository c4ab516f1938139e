"""The HTTP app put together: settings → database, keys, routes."""

import asyncio

from fastapi import FastAPI

from services.intake.api import (
    answer_files,
    assignments,
    attachments,
    call_backs,
    children,
    circle,
    codes,
    conclusions,
    conflicts,
    counter_reports,
    deadlines,
    digests,
    directory,
    dual_assignments,
    dual_exchange,
    gateway_messages,
    impact_assessments,
    invitations,
    leads,
    ledgers,
    life,
    major_leads,
    merges,
    message_desk,
    messages,
    national_files,
    objections,
    originals,
    police_calls,
    receipts,
    redactions,
    redirects,
    replies,
    report_attachments,
    reports,
    retention,
    reward_claims,
    reward_counter,
    rewards,
    screenings,
    search,
    stay_away,
    suggestions,
    transfers,
    upstream_replies,
    urgency,
)
from services.intake.api.door import Door
from services.intake.domain.circle import secret_of
from services.intake.domain.receipt import ReceiptSigner
from services.intake.settings import Settings
from services.intake.usecases.answer_invitation import Invitations
from services.intake.usecases.claim_reward import RewardDesk
from services.intake.usecases.file_objection import Objections
from services.intake.usecases.file_report import Desk
from services.intake.usecases.known_codes import KnownCodes
from services.intake.usecases.letters import Letters
from services.intake.usecases.own_codes import OwnCodes
from services.intake.usecases.passed_letters import PassedMailbox
from services.intake.usecases.read_progress import ReadProgress
from services.intake.usecases.reporter_mailbox import Mailbox
from services.intake.usecases.share_limits import SharedLimits
from services.intake.usecases.subject_store import FactsSealer
from services.intake.usecases.submit_lead import SubmitLead
from services.intake.usecases.take_calls import TakeCalls
from services.intake.usecases.take_messages import TakeMessages
from shared.auth import Keys
from shared.db import Database
from shared.http import create_app, read_alerts

SERVICE = "intake"
# A request tries one after the other: the doors that are used most come first.
ROUTERS = (
    leads.router,
    reports.open_doors,
    reports.router,
    ledgers.router,
    dual_assignments.router,
    dual_exchange.router,
    codes.router,
    deadlines.router,
    counter_reports.router,
    receipts.router,
    merges.router,
    directory.router,
    search.router,
    conflicts.router,
    life.router,
    urgency.router,
    redirects.router,
    children.router,
    conclusions.router,
    major_leads.router,
    assignments.router,
    retention.router,
    impact_assessments.router,
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
    upstream_replies.router,
    transfers.router,
    screenings.router,
    messages.router,
    rewards.router,
    reward_claims.router,
    reward_counter.router,
    objections.router,
    invitations.router,
    originals.router,
    redactions.router,
    gateway_messages.router,
    message_desk.router,
    answer_files.router,
)


def api() -> FastAPI:
    """The HTTP app."""
    settings = Settings()
    database = Database(
        settings.database_url.get_secret_value(), pool=settings.database_pool, application=f"{SERVICE}-api"
    )
    office = settings.office()
    store = settings.store(office)
    app = create_app(
        SERVICE,
        settings=settings,
        database=database,
        keys=Keys(settings.issuer),
        routers=ROUTERS,
        parts={"attachments": store.objects.ready},
        first=stay_away.stay_out,
    )
    app.state.codes = KnownCodes(database)
    app.state.submit_lead = SubmitLead(database, region=settings.region, view=leads.view)
    app.state.ledger_turn, app.state.redaction_turn = asyncio.Lock(), asyncio.Lock()
    app.state.sealer = FactsSealer(settings.seal_keys, settings.subjects())
    app.state.circle_secret = secret_of(settings.digest())
    app.state.take_calls = TakeCalls(database, region=settings.region, sealer=app.state.sealer)
    app.state.attachments, app.state.uploading = store, set()
    app.state.letters = Letters(office)
    _reports(app, settings, database)
    return app


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
    app.state.take_messages = TakeMessages(
        database, desk=app.state.desk, store=app.state.attachments, digest=digest, slips=settings.gateway_slips
    )
    app.state.own_codes = OwnCodes(codes)
    app.state.read_progress = ReadProgress(database, app.state.desk, app.state.own_codes)
    app.state.invitations = Invitations(database, app.state.letters, app.state.desk)
    app.state.objections = Objections(database, app.state.letters, app.state.desk)
    app.state.mailbox = Mailbox(
        database, app.state.letters, app.state.desk, app.state.read_progress, app.state.own_codes
    )
    app.state.passed_mailbox = PassedMailbox(database, app.state.desk)
    app.state.reward_desk = RewardDesk(database, app.state.desk, codes)
