"""The demonstration's 68 superior leads: hard totals, fictional, the same at every call, and readable through the import door."""

from collections import Counter
from datetime import date
from pathlib import Path

from deploy.local.demo.ledger import (
    BY_LEVEL,
    BY_MANIFESTATION,
    BY_MONTH,
    BY_STREET,
    END,
    generate,
    write_workbook,
)
from services.intake.api.spreadsheet import read_rows
from services.intake.domain.ledger import LedgerRow, read_row
from services.intake.domain.ledger_codes import LedgerCodes
from shared.deadlines import Calendar
from tests.support.builders import BOOK

LEADS = generate()


def test_the_totals_are_those_of_the_plan() -> None:
    assert len(LEADS) == 68
    assert Counter(lead.issued_on.month for lead in LEADS) == BY_MONTH
    assert Counter(lead.street for lead in LEADS) == BY_STREET
    assert Counter(lead.manifestation for lead in LEADS) == BY_MANIFESTATION
    assert Counter((lead.issuing_level, lead.plan.level) for lead in LEADS) == BY_LEVEL
    assert {sum(totals.values()) for totals in (BY_MONTH, BY_STREET, BY_MANIFESTATION, BY_LEVEL)} == {68}
    assert Counter(lead.plan.tier for lead in LEADS) == {"evil": 62, "black": 6}
    assert sum(bool(lead.plan.grounds) for lead in LEADS) == 4


def test_every_step_is_on_a_working_day_in_its_month_and_in_time() -> None:
    days = Calendar()
    for lead in LEADS:
        steps = (lead.issued_on, lead.plan.assigned_on, lead.plan.accepted_on)
        assert list(steps) == sorted(steps)
        assert all(days.is_working_day(day) for day in steps)
        assert len({day.month for day in steps}) == 1
        assert lead.plan.accepted_on <= days.working_days(lead.plan.assigned_on, 1).on
        assert date(2018, 3, 1) <= lead.issued_on <= lead.plan.accepted_on <= END


def test_it_is_the_same_every_time_and_its_numbers_are_its_own() -> None:
    assert generate() == LEADS
    assert len({lead.upstream_no for lead in LEADS}) == 68


def test_the_workbook_reads_back_row_by_row(tmp_path: Path) -> None:
    write_workbook(LEADS, tmp_path / "ledger.xlsx")
    rows = list(read_rows((tmp_path / "ledger.xlsx").read_bytes()))
    assert [number for number, _ in rows] == list(range(3, 71))
    for (number, cells), lead in zip(rows, LEADS, strict=True):
        row = read_row(number, cells, today=END, codes=LedgerCodes(BOOK))
        assert isinstance(row, LedgerRow)
        assert (row.upstream_no, row.issued_on, row.street) == (lead.upstream_no, lead.issued_on, lead.street)
        assert (row.summary, row.manifestations) == (lead.summary, (lead.manifestation,))
