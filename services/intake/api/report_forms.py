"""The form of a report: four blocks; every field may be left out or named in its block's `dont_know` (不清楚)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from services.intake.api.leads import AreaCodes, ManifestationCodes, Urgent
from services.intake.api.receipts import ReceiptOrder
from services.intake.api.report_blocks import WORKS, Block, Line, Passage, Short, UmbrellaBlock, text_of
from services.intake.domain.explained import Confirmed
from services.intake.domain.office_name import of_the_office
from services.intake.domain.passed_report import Addressee
from services.intake.domain.report import Channel, Naming
from shared.contracts.envelope import ChineseCode
from shared.http import Day, Order
from shared.http.words import TOLD


class ReporterBlock(Block):
    """举报人:只为保管库密封,任何查询都不再显示 / sealed for the vault at once, shown by no answer."""

    name: Short | None = None
    id_number: Short | None = None
    phone: Short | None = None
    address: Line | None = None
    relation: Line | None = None
    safe_contact: Line | None = None
    wants_meeting: bool | None = None
    meeting_place: Line | None = None
    fears_retaliation: bool | None = None
    note: Annotated[str, text_of(1000)] | None = None
    dont_know: list[
        Literal[
            "name", "id_number", "phone", "address", "relation", "safe_contact", "wants_meeting", "fears_retaliation"
        ]
    ] = Field(default_factory=list, max_length=8)


def _whole_uscc(value: str) -> str:
    """GB 32100 in its one writing: 18 signs, the last one checks the others. The organisation code inside is not checked for itself."""
    code = uscc.compact(value)
    try:
        uscc.validate(code)
    except ValidationError:
        raise PydanticCustomError(
            TOLD,
            "不是统一社会信用代码:18位、末位为校验码,请核对 / not a unified social credit code: 18 signs, the last one checks the others",
        ) from None
    return code


class CompanyBlock(Block):
    """被举报人的企业 / a company of the person's."""

    name: Line | None = None
    uscc: Annotated[Short, AfterValidator(_whole_uscc)] | None = Field(
        default=None, description="统一社会信用代码 / unified social credit code (GB 32100), with its check sign"
    )
    dont_know: list[Literal["name", "uscc"]] = Field(default_factory=list, max_length=2)


class PersonBlock(Block):
    """被举报人 / a person who is reported."""

    name: Short | None = None
    alias: Short | None = None
    sex: Literal["male", "female"] | None = None
    age: Annotated[int, Field(ge=0, le=120, strict=True)] | None = None
    id_number: Short | None = None
    phone: Short | None = None
    address: Line | None = None
    employer: Line | None = None
    post: Short | None = None
    company: CompanyBlock | None = None
    official: bool | None = None
    description: Passage | None = None
    dont_know: list[
        Literal[
            "name",
            "alias",
            "sex",
            "age",
            "id_number",
            "phone",
            "address",
            "employer",
            "post",
            "company",
            "official",
            "description",
        ]
    ] = Field(default_factory=list, max_length=12)

    def at_the_office(self) -> list[str]:
        """The fields, unit or post, by which this person works at the office (扫黑办)."""
        return [name for name in WORKS if of_the_office(getattr(self, name))]


class AllegationItem(Block):
    """一项具体问题 / one thing that happened."""

    act: Passage | None = None
    when: Line | None = None
    where: Line | None = None
    who: Line | None = None
    evidence: Line | None = None
    dont_know: list[Literal["act", "when", "where", "who", "evidence"]] = Field(default_factory=list, max_length=5)


class FactsBlock(Block):
    """违法犯罪事实 / what happened."""

    summary: Annotated[str, text_of(4000)] | None = None
    time_from: Day | None = None
    time_to: Day | None = None
    time_text: Line | None = None
    ongoing: bool | None = None
    danger_now: bool | None = Field(
        default=None,
        description="现在有人身危险,须先拨打110 / there is danger to life now; the police are called first: 110",
    )
    street: ChineseCode | None = None
    place: Line | None = None
    area_codes: AreaCodes = Field(default_factory=list)
    manifestation_codes: ManifestationCodes = Field(default_factory=list)
    evidence: Passage | None = None
    allegations: list[AllegationItem] = Field(default_factory=list, max_length=30)
    dont_know: list[
        Literal[
            "summary",
            "time_from",
            "time_to",
            "time_text",
            "ongoing",
            "danger_now",
            "street",
            "place",
            "area_codes",
            "manifestation_codes",
            "evidence",
            "allegations",
        ]
    ] = Field(default_factory=list, max_length=12)


class ReportedOrder(Order):
    """被举报人和保护伞 / who is reported, and who shields it."""

    persons: list[PersonBlock] = Field(default_factory=list, max_length=20)
    umbrella: UmbrellaBlock | None = None

    def at_the_office(self) -> list[str]:
        """The fields by which somebody who is reported works at the office, his unit or post: then the office never sees it (G22)."""
        people = [f"persons.{place}.{name}" for place, one in enumerate(self.persons) for name in one.at_the_office()]
        return people + [f"umbrella.{field}" for field in (self.umbrella.at_the_office() if self.umbrella else [])]


class ReportOrder(ReportedOrder):
    """举报:四个部分,不清楚的可以不填 / a report in four blocks; what is not known may be left out."""

    naming: Naming
    reporter: ReporterBlock | None = None
    facts: FactsBlock


class PublicOrder(ReportOrder):
    """群众自行提交,可以绕过扫黑办直送纪委监委 / sent by the reporter; may go past the office, to discipline alone (G22)."""

    addressed_to: Addressee | None = Field(
        default=None, description="discipline 纪委监委: 扫黑办不经手 / never seen by the office; office when left out"
    )
    about_office: bool | None = Field(
        default=None,
        description="反映扫黑办或受理机构工作人员的问题,只送纪委监委 / about the office that reads reports: goes to discipline alone",
    )

    @property
    def past_office(self) -> bool:
        """Whether discipline alone may read it. What is about the office never goes there, whoever it is addressed to."""
        return self.addressed_to is Addressee.DISCIPLINE or self.concerns_office

    @property
    def concerns_office(self) -> bool:
        """That it is about the office: the reporter says so, or where the reported work."""
        return self.about_office is True or bool(self.at_the_office())

    @property
    def unplaced(self) -> list[str]:
        """Officials who are said to shield it and of whom neither unit nor post is known: the directory may know them to be of the office,
        unless the reporter says that it is not about the office."""
        if self.about_office is not None or self.umbrella is None:
            return []
        return [one.name for one in self.umbrella.officials if one.name and not (one.employer or one.post)]


PUBLIC_DOOR = (
    "反映本办的,受理员不登记;请告知举报人用公开入口直送纪委监委 / "
    "about the office: not typed by a clerk; tell the reporter of the public door, which sends it to discipline alone"
)


def _not_by_a_clerk(value: object) -> None:
    if value is not None:
        raise PydanticCustomError(
            TOLD,
            "受理员登记时不填写;请告知举报人用公开入口直送纪委监委,此处不要登记"
            " / not typed by a clerk: tell the reporter of the public door, which sends it to discipline alone; do not register it here",
        )


PublicDoorOnly = Annotated[None, BeforeValidator(_not_by_a_clerk)]
"""A clerk would see what is to go past the office (G22); "unknown field" alone would have it left out and registered."""


class CounterOrder(ReportOrder):
    """受理员代为登记 / typed by a clerk for a caller or visitor."""

    addressed_to: PublicDoorOnly = Field(default=None, description="只限公开入口 / at the public door only")
    about_office: PublicDoorOnly = Field(default=None, description="只限公开入口 / at the public door only")
    channel: Literal[Channel.PHONE, Channel.VISIT, Channel.LETTER]
    urgent: Urgent = False
    received_on: Day | None = Field(
        default=None, description="日期(中国),缺省为今日 / day in China; today when left out"
    )
    lost_receipt: ReceiptOrder | None = Field(
        default=None,
        description="因数据库恢复遗失、凭签名回执补登的举报 / of a report that a restore has lost: its receipt, to register it again",
    )
    own_code: Annotated[str, text_of(64)] | None = Field(
        default=None,
        description="举报人自选查询码,至少6个字符,与线索编号一起使用 / chosen by the reporter, at least 6 characters",
    )


class ConfirmedOrder(CounterOrder):
    """经核对确认后登记 / the same, after it was read back."""

    confirmation: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    confirmed: Confirmed = Field(
        description="说明诬告责任、读给举报人后如何确认 / how it was confirmed, once liability was explained and it was read back"
    )


class ReadBack(Order):
    """读给举报人听的内容和确认标记 / the text to read aloud, and what confirms that it was."""

    text: str
    confirmation: str
