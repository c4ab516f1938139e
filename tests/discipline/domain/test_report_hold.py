"""A legal hold of a report past the office is ended once, by another person (G10, G24)."""

from uuid import uuid4

import pytest

from services.discipline.domain.retention import ReportHold
from shared.errors import Forbidden, NotAllowed
from tests.support.builders import NOON, person


@pytest.mark.rule("G10", "G24")
def test_it_is_ended_once_and_by_another_person() -> None:
    hold = ReportHold(id=uuid4(), report_id=uuid4(), basis_no="7", reason="案件审理", set_by="dhd", set_at=NOON)
    for one in (person("dhd"), person("dld", others=("dhd",))):
        with pytest.raises(Forbidden):
            hold.release("案件已结", by=one, at=NOON)
    released = hold.release("案件已结", by=person("dld"), at=NOON)
    assert (released.released_by, released.released_at) == ("dld", NOON)
    with pytest.raises(NotAllowed):
        released.release("案件已结", by=person("dld"), at=NOON)
