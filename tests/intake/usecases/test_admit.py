"""What every door that takes a reporter keeps: texts without what is the reporter's own (G1)."""

import base64

import pytest
from nacl.public import PrivateKey

from services.intake.domain.codes import Source
from services.intake.usecases.register_lead import NewLead, admit
from services.intake.usecases.subject_store import FactsSealer
from shared.sealing import ReceiverKey
from tests.support.builders import BOOK, NOON, person
from tests.support.subjects import SUBJECTS

SEALER = FactsSealer(
    {
        "vault": ReceiverKey(
            key_id="vault-1", public_key=base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
        )
    },
    SUBJECTS,
)


@pytest.mark.rule("G1")
def test_summary_allegations_and_umbrella_are_without_the_reporter() -> None:
    new = NewLead(
        source=Source.PUBLIC,
        summary="王小示称张某强收费用,回电139 0000 0123",
        allegations=("打了王小示",),
        umbrella="王小示报过警",
        reporter={"name": "王小示", "phone": "13900000123"},
    )
    order = admit(new, book=BOOK, sealer=SEALER, by=person("icl", "icl"), at=NOON)
    kept = (order.new.summary, order.new.allegations, order.new.umbrella)
    assert kept == ("〔举报人〕称张某强收费用,回电〔举报人〕", ("打了〔举报人〕",), "〔举报人〕报过警")
