"""A report 举报 in its four blocks (domain.md §2.3 A, §2.5), as the JSON that was sent: who reports, who is reported, what happened, who
shields it. Here it is put into words: for the lead that it becomes, for the unit that checks it, and to be read back to the reporter.

What is said of shielding officials stands apart, because it goes to discipline alone: the unit that verifies the crime never sees it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.intake.domain.code_list import AREA, MANIFESTATION, CodeBook
from services.intake.domain.codes import Ground
from services.intake.domain.lead_states import AT_REST, Status
from shared.codes import Labelled

Block = Mapping[str, Any]
Said = list[tuple[str, str]]
"""Texts with their dotted paths."""
DONT_KNOW = "不清楚"


class Naming(Labelled):
    """How a reporter is known. 署名方式"""

    NAMED = "named", "实名", "named"
    CONFIDENTIAL = "confidential", "要求保密", "named, but told to nobody outside the vault without being asked"
    ANONYMOUS = "anonymous", "匿名", "anonymous"


class Channel(Labelled):
    """How a report came. 举报渠道"""

    WEB = "web", "网络", "the web"
    PHONE = "phone", "电话", "telephone"
    VISIT = "visit", "来访", "in person"
    LETTER = "letter", "信件", "letter"
    EMAIL = "email", "电子邮件", "e-mail, by a gateway"
    SMS = "sms", "短信", "text message, by a gateway"
    VOICE = "voice", "语音留言", "voicemail, by a gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What is kept of a code that its reporter has already: its mark, that of its receipt, and the public half of its key pair."""

    code_mark: bytes
    receipt_mark: bytes
    mailbox_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What is kept of a report beside its lead: no reporter, no code, no hour."""

    channel: Channel
    naming: Naming
    content: Mapping[str, Any]
    code_mark: bytes
    receipt_mark: bytes
    mailbox_key: bytes
    """The public half of the reporter's key pair (docs/decisions/0057)."""
    own_code: str | None = None
    subjects: bytes = b""
    """The sealed numbers and addresses of those who are reported; empty when there are none."""
    own_lock: bytes | None = None
    """The private half, under the code that the reporter chose."""
    spent: tuple[bytes, int] | None = None
    """The challenge that was solved for it, and until when it has to be remembered."""
    lost: tuple[bytes, ...] = ()
    """Marks of the receipt of a report that a restore has lost, when this is the same once more; the newest key's first."""


NAMING_WORDS = {Naming.NAMED: "实名", Naming.CONFIDENTIAL: "要求保密", Naming.ANONYMOUS: "匿名"}
CHANNEL_WORDS = {
    Channel.WEB: "网络",
    Channel.PHONE: "电话",
    Channel.VISIT: "来访",
    Channel.LETTER: "信件",
    Channel.EMAIL: "电子邮件",
    Channel.SMS: "短信",
    Channel.VOICE: "语音留言",
}
_SEX = {"male": "男", "female": "女"}
REPORTER = {
    "name": "姓名",
    "id_number": "证件号码",
    "phone": "电话",
    "address": "住址",
    "relation": "与所反映问题的关系",
    "safe_contact": "安全的联系时间和方式",
    "wants_meeting": "愿意当面反映",
    "meeting_place": "希望的见面地点",
    "fears_retaliation": "担心打击报复",
    "note": "备注",
}
PERSON = {
    "name": "姓名",
    "alias": "绰号",
    "sex": "性别",
    "age": "年龄",
    "id_number": "证件号码",
    "phone": "电话",
    "address": "住址",
    "employer": "单位",
    "post": "职务",
    "company": "企业",
    "official": "公职人员",
    "description": "特征和其他情况",
}
URGENT = "按紧急办理:有人身危险或证据即将灭失。"
COMPANY = {"name": "名称", "uscc": "统一社会信用代码"}
FACTS = {
    "summary": "概述",
    "time_from": "起始日期",
    "time_to": "截止日期",
    "time_text": "时间说明",
    "ongoing": "仍在继续",
    "danger_now": "现在有人身危险",
    "street": "街道",
    "place": "地点",
    "area_codes": "重点领域",
    "manifestation_codes": "表现形式",
    "evidence": "证据线索",
}
ALLEGATION = {"act": "行为", "when": "时间", "where": "地点", "who": "行为人", "evidence": "证据线索"}
UMBRELLA = {"involved": "有公职人员包庇纵容", "description": "包庇纵容情况"}
OFFICIAL = {"name": "姓名", "employer": "单位", "post": "职务", "act": "包庇纵容行为"}
_LISTS = {"area_codes": AREA, "manifestation_codes": MANIFESTATION}
_ALL_BESIDE = {name: label for name, label in FACTS.items() if name != "summary"}
_BESIDE = {name: label for name, label in _ALL_BESIDE.items() if name not in _LISTS}
_NOT_OFFICIAL = {name: label for name, label in PERSON.items() if name != "official"}


def lead_summary(content: Block, book: CodeBook) -> str:
    """The lead's summary: what the reporter says happened, and who did it. Empty when nothing was told at all."""
    return "\n".join(line for line in summary_lines(content, book) if line)


def summary_lines(content: Block, book: CodeBook | None = None) -> list[str]:
    """Its lines, some of them empty; all but those of codes without a `book`."""
    facts = content["facts"]
    told = [facts.get("summary") or ""]
    told += [line for line in _lines(facts, _BESIDE if book is None else _ALL_BESIDE, book) if DONT_KNOW not in line]
    return told + [_person_line(number, person) for number, person in enumerate(content.get("persons", ()), 1)]


def _person_line(number: int, person: Block) -> str:
    """The line of the summary about the person of this number; empty when nothing is told."""
    # that somebody is an official is a ground for discipline, which the verifying unit is not told
    told = ";".join(_lines(person, _NOT_OFFICIAL))
    return f"被举报人{number}:{told}" if told else ""


def allegations(content: Block) -> tuple[str, ...]:
    """Each thing that is reported, as an item of its own."""
    return tuple(filter(None, (";".join(_lines(item, ALLEGATION)) for item in content["facts"].get("allegations", ()))))


_SHIELDED = "保护伞:"


def umbrella(content: Block) -> tuple[str, ...]:
    """What is said of shielding officials, for discipline alone."""
    block = content.get("umbrella") or {}
    told = list(_lines(block, UMBRELLA))
    told += [";".join(_lines(official, OFFICIAL)) for official in block.get("officials", ())]
    return tuple(f"{_SHIELDED}{line}" for line in told if line)


def umbrella_told(content: Block) -> str | None:
    """The same as one text; None when nothing is said."""
    return ";".join(line.removeprefix(_SHIELDED) for line in umbrella(content)) or None


def grounds(content: Block) -> tuple[Ground, ...]:
    """What makes the lead one for discipline too (M17): officials among the reported, or shielding officials. A claim is enough, as every
    lead is a claim; leaving it to be remembered later would let it be forgotten."""
    block = content.get("umbrella") or {}
    found = []
    if any(person.get("official") for person in content.get("persons", ())):
        found.append(Ground.OFFICIAL_INVOLVED)
    described = block.get("description") and block.get("involved") is not False
    if block.get("involved") or block.get("officials") or described:
        found.append(Ground.UMBRELLA)
    return tuple(found)


def read_back(content: Block, reporter: Block | None, book: CodeBook, *, own_code: bool, urgent: bool = False) -> str:
    """What the clerk reads to the reporter before it is registered (刑诉法 §111: written down, read back). The code that the reporter chose
    is not said aloud."""
    naming, channel = NAMING_WORDS[Naming(content["naming"])], CHANNEL_WORDS[Channel(content["channel"])]
    told = [f"受理渠道:{channel};举报方式:{naming}。"]
    if urgent:
        told.append(URGENT)
    if reporter:
        told.append(f"举报人:{';'.join(_lines(reporter, REPORTER))}。")
    told += [f"被举报人{n}:{_person(one)}。" for n, one in enumerate(content.get("persons", ()), 1)]
    told.append(f"反映的问题:{';'.join(_lines(content['facts'], FACTS, book))}。")
    told += [f"第{n}项:{item}。" for n, item in enumerate(allegations(content), 1)]
    told += [f"{line}。" for line in umbrella(content)]
    if own_code:
        told.append("已自选查询码,查询时与线索编号一起使用。")
    told.append("以上内容是否属实、有无遗漏?请确认后登记。")
    return "\n".join(told)


def texts(value: Any, path: str = "") -> Said:
    """Every text in this JSON with its dotted path."""
    found: Said = []
    _gather(value, path, found)
    return found


def _gather(value: Any, path: str, found: Said) -> None:
    if isinstance(value, str):
        found.append((path, value))
    elif isinstance(value, dict):
        for name, inner in value.items():
            _gather(inner, f"{path}.{name}" if path else name, found)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _gather(inner, f"{path}.{index}", found)


def _person(person: Block) -> str:
    return ";".join(_lines(person, PERSON))


def _lines(block: Block, labels: Mapping[str, str], book: CodeBook | None = None) -> Iterator[str]:
    """Each answer with its label; `book` for a block that has codes."""
    unknown = block.get("dont_know", ())
    for name, label in labels.items():
        if name in unknown:
            yield f"{label} {DONT_KNOW}"
        elif name in block and (value := block[name]) not in (None, "", []):
            yield f"{label} {_said(name, value, book)}"


def _said(name: str, value: Any, book: CodeBook | None) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return ",".join(_lines(value, COMPANY))
    if name in _LISTS and book is not None:
        return "、".join(book.zh(_LISTS[name], code) for code in value)
    return _SEX.get(value, str(value)) if name == "sex" else str(value)


@dataclass(frozen=True, slots=True)
class Step:
    """What the reporter is told of a state, and since which day."""

    status: Status
    since: date
    extended: bool = False
    """More time was granted then (D08): the reporter is told."""
    aside: bool = False
    """Of a message that a gateway brought: it was put aside, so there is nothing to object to."""
    again_by: date | None = None
    """It cannot be cleared up now (C4) and is looked at again by this day."""

    @property
    def words(self) -> tuple[str, str]:
        """In plain words."""
        if self.again_by is not None:
            zh, en = AGAIN
            return zh.format(self.again_by), en.format(self.again_by)
        return EXTENDED if self.extended else PUT_ASIDE if self.aside else PROGRESS[self.status]


def unreviewed(steps: Sequence[Step]) -> list[Step]:
    """Of a quality review nobody outside is told: until it has passed the lead stands where the unit had it."""
    told, checked = [], Status.VERIFYING
    for step in steps:
        if step.status in (Status.VERIFYING, Status.TASKFORCE, Status.IN_SIGNOFF):
            checked = step.status
        told.append(replace(step, status=checked) if step.status is Status.IN_REVIEW else step)
    return told


def as_pending(steps: Sequence[Step], *, pending: bool, again_by: date | None) -> tuple[Step, ...]:
    """The steps of a lead; each conclusion that was no end (C4) as put by. `pending`: the last one is, and is looked at again by
    `again_by`; of those before it tells what came next: put by, or taken up again without an end."""
    told: list[Step] = []
    for each in reversed(steps):
        step = each
        if not each.extended and each.status is not Status.SUSPENDED:
            if each.status is Status.CONCLUDED and pending:
                step = replace(each, status=Status.PARKED)
            pending = step.status in (Status.REOPENED, Status.PARKED)
        if told and told[-1].status is step.status is Status.PARKED:
            told.pop()
        told.append(step)
    if told and told[0].status is Status.PARKED:
        told[0] = replace(told[0], again_by=again_by)
    return tuple(reversed(told))


ENDS = frozenset({Status.NOT_ACCEPTED, Status.CLOSED, Status.SEALED, Status.EXPUNGED})
"""States of a master that are the end of its repeats, too."""
TELLABLE = frozenset({Status.CONCLUDED, Status.TRANSFERRED, Status.REDIRECTED, Status.FED_BACK, Status.CLOSED})
"""States of a master in which the reporter of a repeat may be told its result."""
_STILL = frozenset({*TELLABLE, Status.PARKED, Status.SUSPENDED})
"""Coming there, a master that had a result is not taken up again."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A result was told to a reporter: the day on which it went out, and the day on which he heard it."""

    sent_on: date
    on: date


def as_repeat(
    own: Sequence[Step], master: Sequence[Step], merged_on: date, *, here: int, tellings: Sequence[Telling] = ()
) -> tuple[Step, ...]:
    """The steps of a lead that is merged: its own, and from the merge on how its master ended, when its own reporter was told a result,
    and that the master was taken up again; of the master's other steps, and of days before the merge, nothing. `here`: how many steps the
    master had at the merge, for days do not tell what came first on one of them."""
    said: list[Step] = []
    standing, result_on, heard = Status.MERGED, None, False
    waiting = sorted((one for one in tellings if one.on >= merged_on), key=lambda one: one.on)
    kept = [step for step in master if not step.extended]
    walked = [step for number, step in enumerate(kept) if number >= here - 1]
    for number, step in enumerate(walked):
        since, until = max(step.since, merged_on), walked[number + 1].since if number + 1 < len(walked) else date.max
        if step.status in ENDS:
            shown = step.status
        elif step.status in _STILL:
            shown = standing
        else:
            shown, result_on, heard = Status.MERGED if standing is Status.MERGED else Status.REOPENED, None, False
        if shown is not standing:
            said.append(Step(shown, since))
            standing = shown
        if step.status is Status.NOT_ACCEPTED and (
            refusal := next((one for one in waiting if one.sent_on == since), None)
        ):
            # that it is not accepted is told by a letter of the same kind
            waiting.remove(refusal)
        if step.status in TELLABLE:
            result_on = result_on or step.since
        if result_on is None or step.status not in _STILL or heard:
            continue
        told = next((one for one in waiting if one.sent_on >= result_on and since <= one.on <= until), None)
        if told is not None:
            waiting.remove(told)
            said.append(Step(Status.FED_BACK, told.on))
            standing, heard = Status.FED_BACK, True
    return (*(step for step in own if step.status not in AT_REST), *said)


AGAIN = ("目前无法查清,最迟{}再行核查", "It cannot be settled now and is looked at again by {}")
EXTENDED = ("情况复杂,核查期限已依规延长", "The matter is complex; more time was granted to check it")
WAITS = (
    "来件正在筛查,登记为举报后可写信、传文件",
    "It is being looked through; letters and files go with it once it is registered",
)
PUT_ASIDE = (
    "未作为举报受理;确系举报的,请在公开入口重新提交",
    "Not taken as a report; if it is one, send it anew at the public door",
)
PROGRESS: Mapping[Status, tuple[str, str]] = {
    Status.RECEIVED: ("已收到您的举报,正在梳理", "Received; it is being looked through"),
    Status.CLASSIFIED: ("已完成初步梳理,正在确定核查单位", "Looked through; a unit to check it is being chosen"),
    Status.ASSIGNED: ("已交有关单位核查", "Handed to a unit to be checked"),
    Status.VERIFYING: ("正在核查", "Being checked"),
    Status.CONCLUDED: ("核查已有结论,将按规定向您反馈", "Checked; you will be told the result as the rules say"),
    Status.MERGED: ("与其他举报一并核查", "Being looked at together with other reports"),
    Status.NOT_ACCEPTED: ("不属于受理范围,可提出异议", "Outside the scope; you may object"),
    Status.REDIRECTED: ("已转行业主管部门办理", "Handed to the regulator that treats it"),
    Status.DISPUTED: ("正在确定核查单位", "It is being settled which unit checks it"),
    Status.TASKFORCE: ("正在由核查专班核查", "Being checked by several units together"),
    Status.IN_SIGNOFF: ("核查完毕,结论正在审核", "Checked; the result is being reviewed"),
    Status.IN_REVIEW: ("正在核查", "Being checked"),
    Status.PARKED: ("目前无法查清,已定期限再查", "It cannot be settled now and will be looked at again"),
    Status.TRANSFERRED: ("已移交有管辖权的机关", "Handed to the organ that is competent"),
    Status.FED_BACK: ("已向您反馈,可提出异议", "You were told the result; you may object"),
    Status.CLOSED: ("已办结", "Closed"),
    Status.REOPENED: ("已重新启动", "Taken up again"),
    Status.SUSPENDED: ("暂停办理", "Standing still for now"),
    Status.SEALED: ("已办结", "Closed"),
    Status.EXPUNGED: ("已办结", "Closed"),
}
