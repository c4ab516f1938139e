"""What a lead's events and deadlines say; every state × action is in test_lead_states.py."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.intake.domain.codes import VERSION, Area, Ground, Level, Source, Tier
from services.intake.domain.lead import LOST, Lead, Status
from shared.contracts.envelope import day_of
from shared.errors import Forbidden, Invalid
from tests.support.builders import DAY, DAYS, NOON, assigned, classified, lead


@pytest.mark.rule("M07")
def test_a_superiors_lead_is_never_classed_as_disorder_unchecked() -> None:
    def classify(source: Source) -> Any:
        one = lead(source=source)
        return one.classify(Tier.DISORDER, Level.GENERAL, (Area.OTHER,), (), may_major=False, at=NOON)

    with pytest.raises(Invalid, match="C6"):
        classify(Source.SUPERIOR)
    for source in (Source.POLICE_110, Source.PUBLIC, Source.OTHER):
        _, said = classify(source)
        assert said.tier == "disorder"


def test_only_the_director_sets_the_highest_level() -> None:
    def classify(*, may_major: bool) -> Any:
        return lead().classify(Tier.BLACK, Level.MAJOR, (Area.OTHER,), ("08",), may_major=may_major, at=NOON)

    with pytest.raises(Forbidden):
        classify(may_major=False)
    one, said = classify(may_major=True)
    assert (one.level, said.level, said.manifestation_codes) == (Level.MAJOR, "major", ("08",))


def test_an_area_is_needed() -> None:
    with pytest.raises(Invalid) as refused:
        lead().classify(Tier.EVIL, Level.GENERAL, (), (), may_major=False, at=NOON)
    assert refused.value.fields[0][0] == "area_codes"


@pytest.mark.rule("M13", "D04", "D07")
@pytest.mark.parametrize(
    ("level", "sign_by", "due_on"),
    [
        (Level.GENERAL, "2018-06-04", "2018-07-02"),
        (Level.KEY, "2018-06-04", "2018-07-31"),
        (Level.MAJOR, "2018-06-04", "2018-08-30"),
    ],
)
def test_an_assignment_has_unit_number_and_both_deadlines(level: Level, sign_by: str, due_on: str) -> None:
    one, said = classified(level).assign("GA", (), on=DAY, days=DAYS, at=NOON)
    assert one.assignment is not None
    assert (said.unit, said.assignment_no, said.level) == ("GA", 1, level)
    assert (said.sign_by.isoformat(), said.due_on.isoformat(), said.provisional) == (sign_by, due_on, False)
    assert (one.assignment.sign_by, one.assignment.due_on) == (said.sign_by, said.due_on)


@pytest.mark.rule("D07")
def test_the_earlier_of_profile_and_superiors_date_wins() -> None:
    _, sooner = classified(upstream_deadline=date(2018, 6, 20)).assign("GA", (), on=DAY, days=DAYS, at=NOON)
    assert sooner.due_on == date(2018, 6, 20)
    _, later = classified(upstream_deadline=date(2019, 6, 20)).assign("GA", (), on=DAY, days=DAYS, at=NOON)
    assert later.due_on < date(2019, 6, 20)


def test_grounds_are_kept_once_and_travel_only_in_the_box_for_discipline() -> None:
    one = assigned().add_grounds((Ground.UMBRELLA, Ground.UMBRELLA)).add_grounds((Ground.OTHER_VIOLATION,))
    assert one.grounds == (Ground.UMBRELLA, Ground.OTHER_VIOLATION)
    assert one.facts(grounds=one.grounds).discipline_grounds == ("umbrella", "other_violation")
    assert one.facts().discipline_grounds == ()
    with pytest.raises(Invalid):
        one.add_grounds(())


@pytest.mark.rule("G6")
def test_the_event_of_registration_tells_the_day_and_not_the_hour() -> None:
    said = lead(named=True).received(effective_at=NOON)
    assert said.effective_at == day_of(NOON)
    told = set(said.model_dump())
    assert told == {
        *("lead_id", "lead_no", "source", "issuing_level", "street", "area_codes", "manifestation_codes"),
        *("named", "effective_at", "source_l2", "codes_version", "urgent", "claimed"),
    }


def test_a_forgotten_lead_has_its_second_level_source_and_its_version_of_the_code_lists_again() -> None:
    first = lead(source_l2="S-city", codes_version="2019-1", areas=("online",))
    said = first.received(effective_at=NOON)
    again = Lead.relearned(said)
    assert (again.source_l2, again.codes_version, again.areas) == ("S-city", "2019-1", ("online",))
    chosen, classified = again.classify(
        Tier.EVIL, Level.KEY, ("online", "other"), (), may_major=False, at=NOON, codes_version="2020-1"
    )
    assert (chosen.codes_version, again.after(classified).codes_version) == ("2020-1", "2020-1")
    # what was said before the lists had versions was of the shipped one
    old = said.model_copy(update={"source_l2": None, "codes_version": None})
    assert (Lead.relearned(old).source_l2, Lead.relearned(old).codes_version) == (None, VERSION)


def test_who_looked_before_is_learned_again_and_does_not_look_a_third_time() -> None:
    whole, said = classified().assign("GA", (), on=DAY, days=DAYS, at=NOON)
    other = said.model_copy(update={"assignment_no": 2, "unit": "ZF"})
    assert replace(whole, status=Status.FED_BACK, refused_by=("JS",)).after(other).worked == ("GA", "ZF")
    assert replace(whole, status=Status.FED_BACK, refused_by=("JS",)).after(other).refused_by == ()
    # who said "not ours" has not looked
    ruled = replace(whole, status=Status.DISPUTED, refused_by=("GA",)).after(other)
    assert (ruled.worked, ruled.refused_by) == (("ZF",), ("GA",))


def test_a_forgotten_lead_is_learned_again_from_its_own_events() -> None:
    first = lead()
    chosen, said_chosen = first.classify(Tier.EVIL, Level.KEY, (Area.SITE,), ("01",), may_major=False, at=NOON)
    whole, said_assigned = chosen.assign("GA", (), on=DAY, days=DAYS, at=NOON)
    learned = Lead.relearned(first.received(effective_at=NOON)).after(said_chosen).after(said_assigned)
    number = f"{LOST}({first.lead_no})"
    assert learned == replace(
        whole, summary=LOST, upstream_no=number, upstream_deadline=None, allegations=(), reporter_ref=None
    )
