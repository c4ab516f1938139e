"""`python -m tests.load.without_database`: intake's API whose door for leads asks no database: what the door itself costs."""

import os
from collections.abc import Sequence

import uvicorn

from services.intake import app
from services.intake.domain.lead_number import LeadNumber
from services.intake.usecases.submit_lead import Outcome, Submission, SubmitLead
from shared.idempotency import Answer
from shared.process import settle


class _Nowhere(SubmitLead):
    async def _together(self, batch: Sequence[Submission]) -> list[Outcome | None]:
        answers: list[Outcome | None] = []
        for number, one in enumerate(batch, start=1):
            lead = one.order.numbered(LeadNumber(self.region, one.order.new.source, one.order.received_on, number))
            answers.append(Outcome(Answer(201, self.view(lead)), replayed=False))
        return answers


if __name__ == "__main__":
    app.SubmitLead = _Nowhere  # type: ignore[attr-defined]
    made = app.api()
    settle()  # as a service's process does
    uvicorn.run(made, host="127.0.0.1", port=int(os.environ["INTAKE_PORT"]), log_config=None, access_log=False)
