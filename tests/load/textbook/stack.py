"""`python -m tests.load.textbook.stack {api|relay|consumer}`: an ORM session per request, a relay that publishes row by row, a consumer
with a transaction per message. Settings come from the environment, as everywhere."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, DateTime, Identity, Text, Uuid, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TOPIC = "textbook.leads"


class Base(DeclarativeBase):
    """Tables of the textbook. What the server fills in comes back with the INSERT, as SQLAlchemy's chapter on asyncio advises."""

    __mapper_args__: Any = {"eager_defaults": True}  # noqa: RUF012 - as SQLAlchemy declares it


class Lead(Base):
    __tablename__ = "leads"
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    source: Mapped[str]
    summary: Mapped[str] = mapped_column(Text)
    street: Mapped[str | None]
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    allegations: Mapped[list[str]] = mapped_column(ARRAY(Text))
    received_on: Mapped[date]
    status: Mapped[str] = mapped_column(default="received")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OutboxEvent(Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str]
    value: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)


class AuditEntry(Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class IdempotencyKey(Base):
    __tablename__ = "idempotency_keys"
    key: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)


class Processed(Base):
    __tablename__ = "processed"
    event_id: Mapped[str] = mapped_column(primary_key=True)


class Projection(Base):
    __tablename__ = "projection"
    lead_id: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


engine = create_async_engine(
    os.environ["TEXTBOOK_DATABASE"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=10
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def prepare() -> None:
    """Make the tables."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


def kafka_options() -> dict[str, Any]:
    """How to reach the broker."""
    return dict(json.loads(os.environ["TEXTBOOK_KAFKA"]))


# --- api


class NewLead(BaseModel):
    source: str
    summary: str
    street: str | None = None
    area_codes: list[str] = []
    allegations: list[str] = []


class LeadOut(BaseModel):
    id: UUID
    number: int
    source: str
    street: str | None
    received_on: date
    status: str


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


async def current_user(authorization: Annotated[str, Header()]) -> str:
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), KEY, algorithms=["ES256"]).claims
    except Exception:  # noqa: BLE001 - as tutorials do
        raise HTTPException(401) from None
    return str(claims["sub"])


KEY = ECKey.import_key(json.loads(os.environ.get("TEXTBOOK_KEY", "null")) or ECKey.generate_key("P-256").as_dict())
app = FastAPI()


@app.post("/leads", status_code=201, response_model=LeadOut)
async def create_lead(
    new: NewLead,
    request: Request,
    session: Annotated[AsyncSession, Depends(get_session)],
    user: Annotated[str, Depends(current_user)],
    idempotency_key: Annotated[str, Header()],
) -> Any:
    """Lead, outbox, audit and idempotency rows in one transaction."""
    if earlier := await session.get(IdempotencyKey, idempotency_key):
        return earlier.answer
    now = datetime.now(UTC)
    lead = Lead(
        source=new.source,
        summary=new.summary,
        street=new.street,
        areas=new.area_codes,
        allegations=new.allegations,
        received_on=now.date(),
        created_at=now,
    )
    session.add(lead)
    await session.flush()
    answer = LeadOut.model_validate(lead, from_attributes=True).model_dump(mode="json")
    event = {"id": str(uuid4()), "type": "lead.received", "time": now.isoformat(), "data": answer}
    session.add(OutboxEvent(key=str(lead.id), value=event))
    session.add(AuditEntry(actor=user, action="lead.register", subject=str(lead.id), at=now))
    session.add(IdempotencyKey(key=idempotency_key, answer=answer))
    await session.commit()
    return answer


# --- relay


async def relay() -> None:
    """Publish what is not published, one by one."""
    producer = AIOKafkaProducer(**kafka_options(), acks="all")
    await producer.start()
    while True:
        async with sessions() as session:
            waiting = select(OutboxEvent).where(OutboxEvent.published_at.is_(None)).order_by(OutboxEvent.id).limit(100)
            events = (await session.scalars(waiting.with_for_update(skip_locked=True))).all()
            for event in events:
                await producer.send_and_wait(TOPIC, json.dumps(event.value).encode(), key=event.key.encode())
                event.published_at = datetime.now(UTC)
            await session.commit()
        if not events:
            await asyncio.sleep(0.05)


# --- consumer


async def consume(group: str) -> None:
    """One transaction a message, then its offset."""
    consumer = AIOKafkaConsumer(
        TOPIC, **kafka_options(), group_id=f"textbook-{group}", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    async for message in consumer:
        await apply(json.loads(message.value))
        await consumer.commit()


async def apply(event: dict[str, Any]) -> None:
    """The effect of one message, once."""
    async with sessions() as session:
        if await session.get(Processed, event["id"]) is None:
            session.add(Processed(event_id=event["id"]))
            session.add(Projection(lead_id=event["data"]["id"], content=event["data"]))
            await session.commit()


async def apply_all(count: int) -> float:
    """How long `count` messages take, without a broker; for the comparison of projections."""
    events = [
        {"id": str(uuid4()), "data": {"id": str(uuid4()), "source": "M", "status": "received"}} for _ in range(count)
    ]
    started = time.monotonic()
    for event in events:
        await apply(event)
    return time.monotonic() - started


if __name__ == "__main__":
    match sys.argv[1]:
        case "prepare":
            asyncio.run(prepare())
        case "api":
            uvicorn.run(
                app, host="127.0.0.1", port=int(os.environ["TEXTBOOK_PORT"]), access_log=False, log_level="warning"
            )
        case "relay":
            asyncio.run(relay())
        case "apply":
            print(asyncio.run(apply_all(int(sys.argv[2]))))
        case "consumer":
            asyncio.run(consume(sys.argv[2]))
