"""What the reporter of a repeat is shown of its master: how it ended, when he himself was told, that it was taken up again
(docs/decisions/0103)."""

from datetime import date

from services.intake.domain.lead_states import Status
from services.intake.domain.report import ENDS, TELLABLE, Step, Telling, as_repeat


def test_a_repeat_shows_its_masters_end_in_each_state_and_nothing_of_its_way() -> None:
    own = [Step(Status.RECEIVED, date(2018, 6, 1)), Step(Status.MERGED, date(2018, 6, 5))]
    merged_on = own[-1].since
    for standing in Status:
        for reached, shown_on in ((date(2018, 6, 4), merged_on), (date(2018, 6, 8), date(2018, 6, 8))):
            master = [Step(Status.RECEIVED, date(2018, 5, 1)), Step(standing, reached)]
            ended = [Step(standing, shown_on)] if standing in ENDS else []
            here = 1 + (reached < merged_on)
            assert as_repeat(own, master, merged_on, here=here) == (*own, *ended), standing
            # told the result: only where there is one, and of what was sent since
            for sent_on, heard_on in ((shown_on, date(2018, 6, 9)), (date(2018, 6, 3), date(2018, 6, 9))):
                said = Telling(sent_on, heard_on)
                knows = [Step(Status.FED_BACK, heard_on)] if standing in TELLABLE and sent_on == shown_on else []
                assert as_repeat(own, master, merged_on, here=here, tellings=[said]) == (*own, *ended, *knows), standing
            # taken up again; the end of before the merge is nobody's
            again = [*master, Step(Status.REOPENED, date(2018, 6, 20))]
            taken_up = [Step(Status.REOPENED, date(2018, 6, 20))] if ended else []
            assert as_repeat(own, again, merged_on, here=here) == (*own, *ended, *taken_up), standing
    more_time = Step(Status.VERIFYING, date(2018, 6, 9), extended=True)
    ended = [Step(Status.CLOSED, date(2018, 6, 8))]
    assert as_repeat(own, [*ended, more_time], merged_on, here=0) == (*own, *ended)
    sealed = [*own, Step(Status.SEALED, date(2018, 9, 1))]
    assert as_repeat(sealed, [*ended, sealed[-1]], merged_on, here=0) == (*own, *ended, sealed[-1]), "once"


def test_what_befalls_the_master_on_one_day_stays_in_its_order_and_each_result_is_told_once() -> None:
    day = date(2018, 6, 5)
    own = [Step(Status.RECEIVED, day), Step(Status.MERGED, day)]
    before = (Status.RECEIVED, Status.NOT_ACCEPTED, Status.RECEIVED)
    walk = (
        Status.NOT_ACCEPTED,
        Status.RECEIVED,
        Status.VERIFYING,
        Status.CONCLUDED,
        Status.FED_BACK,
        Status.ASSIGNED,
        Status.CONCLUDED,
        Status.CLOSED,
    )
    master = [Step(one, day) for one in (*before, *walk)]
    declined = (Status.NOT_ACCEPTED, Status.REOPENED)
    for heard, shown in (
        (0, (*declined, Status.CLOSED)),
        (1, (*declined, Status.CLOSED)),  # that it was not accepted
        (2, (*declined, Status.FED_BACK, Status.REOPENED, Status.CLOSED)),
        (3, (*declined, Status.FED_BACK, Status.REOPENED, Status.FED_BACK, Status.CLOSED)),
        (4, (*declined, Status.FED_BACK, Status.REOPENED, Status.FED_BACK, Status.CLOSED)),
    ):
        found = as_repeat(own, master, day, here=len(before), tellings=[Telling(day, day)] * heard)
        assert [step.status for step in found[2:]] == list(shown), heard
    # a result that was taken back before he read of it is none; one that he reads while all stands still is
    later = [date(2018, 6, each) for each in range(6, 11)]
    back = [Step(Status.CONCLUDED, later[0]), Step(Status.VERIFYING, later[1]), Step(Status.CONCLUDED, later[2])]
    for sent_on, read_on, knows in (
        (later[0], later[3], False),
        (later[2], later[3], True),
        (later[0], later[0], True),
    ):
        still = [*back, Step(Status.SUSPENDED, later[3])]
        found = as_repeat(own, still, day, here=0, tellings=[Telling(sent_on, read_on)])
        assert (Step(Status.FED_BACK, read_on) in found) is knows
