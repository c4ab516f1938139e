"""Summaries in the service's own words, where nobody told it what happened. They tell nothing, so no lead repeats another by them."""

import re
from datetime import date

from services.intake.domain.lead import LOST

_NOTHING_TOLD = "举报人未写明违法犯罪事实,待与其联系"
_ENGLISH = "the reporter told no facts of a crime; he is to be asked"
NO_WORDS = "来件没有文字,见附件 / a message without words: see its files"
NO_TRANSCRIPT = (
    "语音留言,未转写;录音由两名保管员调听 / a voicemail without a transcript; two keepers have the recording heard"
)
_OWN = re.compile(
    rf"{LOST}|{re.escape(NO_WORDS)}|{re.escape(NO_TRANSCRIPT)}|{_NOTHING_TOLD}(\(\d{{4}}-\d\d-\d\d受理,[-0-9A-Z]+\))? / {_ENGLISH}"
)


def nothing_told(lead_no: str, received_on: date) -> str:
    """Of a reporter who wrote of shielding officials alone: what he wrote is for discipline (M17). Day and number tell it from others."""
    zh = f"{_NOTHING_TOLD}({received_on}受理,{lead_no})"
    return f"{zh} / {_ENGLISH}"


def of_the_matter(summary: str) -> str:
    """The summary as far as somebody told it: nothing of one in the service's own words."""
    return "" if _OWN.fullmatch(summary) else summary
