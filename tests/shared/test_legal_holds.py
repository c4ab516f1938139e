"""An order to keep 依法保留 is ended once, by another person (G10, G24)."""

from uuid import uuid4

import pytest

from shared.errors import Forbidden, NotAllowed
from shared.legal_holds import LegalHold
from tests.support.builders import NOON, person


@pytest.mark.rule("G10", "G24")
def test_it_is_ended_once_and_by_another_person() -> None:
    hold = LegalHold(id=uuid4(), kept=uuid4(), basis_no="7", reason="案件审理", set_by="dhd", set_at=NOON)
    for one in (person("dhd"), person("dld", others=("dhd",))):
        with pytest.raises(Forbidden):
            hold.release("案件已结", by=one, at=NOON)
    released = hold.release("案件已结", by=person("dld"), at=NOON)
    assert (released.released_by, released.released_at) == ("dld", NOON)
    with pytest.raises(NotAllowed):
        released.release("案件已结", by=person("dld"), at=NOON)
