"""Reports past the office between two services, for tests: what each says is brought to the other."""

import json

from shared.contracts.catalogue import BY_TYPE
from shared.contracts.envelope import Event, SealedBox, SealedEvent
from tests.support.api import Api
from tests.support.hearing import Hearing


class Between:
    """intake and discipline, each hearing what the other said since it was last asked."""

    def __init__(self, intake: Api, discipline: Api) -> None:
        self.intake, self.discipline = intake, discipline
        self._hearing = {"intake": Hearing(intake, "intake"), "discipline": Hearing(discipline, "discipline")}
        self._heard: set[str] = set()

    async def bring(self) -> list[Event]:
        """All that is new, in the order in which it was said; → the events."""
        found: list[Event] = []
        for api, to, topics in (
            (self.intake, "discipline", ["intake.sealed-reports", "intake.read-letters"]),
            (self.discipline, "intake", ["discipline.reports", "discipline.sealed-letters", "discipline.expungements"]),
        ):
            rows = await api.rows(
                "select id::text, type, convert_from(value, 'UTF8'), key_id, box from outbox left join outbox_sealed"
                " using (id) where topic = any($1) order by position",
                topics,
            )
            for id_, kind, value, key_id, box in rows:
                if id_ in self._heard:
                    continue
                self._heard.add(id_)
                event, box_of = BY_TYPE[kind], SealedBox(key_id=key_id, box=box) if box else None
                sealed = {"sealed": box_of} if issubclass(event, SealedEvent) else {}
                found.append(event.model_validate({**json.loads(value), **sealed}))
                await self._hearing[to].tell(found[-1])
        return found
