"""Code lists of the directory: the organs that the seed names (domain.md §1.3), posts, and how one belongs to a unit."""

from shared.codes import Labelled


class UnitKind(Labelled):
    """What a unit is. 机构类别"""

    PARTY = "party", "党委机关", "party organ"
    GOVERNMENT = "government", "政府机关", "government organ"
    BODY = "body", "议事机构", "deliberative body"
    LEADING_GROUP = "leading_group", "专项斗争领导小组", "leading group"
    WORK_GROUP = "work_group", "专项工作组", "special work group"
    OFFICE = "office", "扫黑办", "office of the campaign"
    POLICE = "police", "公安机关", "police bureau"
    POLICE_BRIGADE = "police_brigade", "刑侦大队", "criminal police brigade"
    POLICE_STATION = "police_station", "派出所", "police station"
    POLICE_TEAM = "police_team", "公安扫黑专班", "police team of the campaign"
    TASK_FORCE = "task_force", "线索核查专班", "verification task force"
    DISCIPLINE = "discipline", "纪委监委", "discipline organ"
    PROCURATORATE = "procuratorate", "检察院", "procuratorate"
    COURT = "court", "法院", "court"
    DEPARTMENT = "department", "行业主管部门", "regulator or department"
    STREET = "street", "街道", "street office"
    COMMUNITY = "community", "社区", "community"
    COMMUNITY_PARTY = "community_party", "社区党组织", "party organisation of a community or village"
    COMMUNITY_COMMITTEES = "community_committees", "社区(村)两委", "committees of a community or village"
    UPPER_BODY = "upper_body", "上级机关", "upper body"
    OTHER_DISTRICT = "other_district", "异地机关", "organ of another district"

    @property
    def verifies(self) -> bool:
        """Whether such a unit can be charged with a lead (M18: the police first of all)."""
        return self in _VERIFY

    @property
    def outside(self) -> bool:
        """Whether it stands outside the district's own line (G3)."""
        return self in (UnitKind.UPPER_BODY, UnitKind.OTHER_DISTRICT)


_VERIFY = frozenset(
    {
        UnitKind.POLICE,
        UnitKind.POLICE_BRIGADE,
        UnitKind.POLICE_STATION,
        UnitKind.POLICE_TEAM,
        UnitKind.TASK_FORCE,
        UnitKind.DEPARTMENT,
        UnitKind.STREET,
        UnitKind.UPPER_BODY,
        UnitKind.OTHER_DISTRICT,
    }
)


class Post(Labelled):
    """What somebody does in a unit. 职务"""

    CHIEF = "chief", "局长", "chief of the police bureau (P6)"
    DEPUTY_CHIEF = "deputy_chief", "分管副局长", "deputy chief in charge (P5)"
    BRIGADE_HEAD = "brigade_head", "刑侦大队大队长", "head of the criminal police brigade (P4)"
    STATION_HEAD = "station_head", "派出所所长", "head of a police station (P3)"
    STATION_DEPUTY = "station_deputy", "派出所分管副所长", "deputy head of a police station (P2)"
    OFFICER = "officer", "责任民警", "responsible officer (P1)"
    SECRETARY = "secretary", "书记", "party secretary"
    HEAD = "head", "主要负责人", "head of a unit"
    DEPUTY_HEAD = "deputy_head", "分管负责人", "deputy head in charge"
    DIRECTOR = "director", "主任", "director"
    DEPUTY_DIRECTOR = "deputy_director", "副主任", "deputy director"
    SUPERVISION = "supervision", "综合督办", "supervision"
    ANALYSIS = "analysis", "线索研判", "analysis"
    PUBLICITY = "publicity", "宣传", "publicity"
    DISCIPLINE_LIAISON = "discipline_liaison", "执纪联络", "liaison with discipline"
    GRASS_ROOTS = "grass_roots", "基层组织", "grass-roots organisations"
    ARCHIVE = "archive", "档案", "archive"
    TEAM_LEADER = "team_leader", "队长", "team leader"
    DEPUTY_TEAM_LEADER = "deputy_team_leader", "副队长", "deputy team leader"
    DETECTIVE = "detective", "侦查", "detective"
    LEGAL = "legal", "法制", "legal officer"
    CLERK = "clerk", "内勤", "clerk"
    GROUP_LEADER = "group_leader", "组长", "group leader"
    GROUP_DEPUTY = "group_deputy", "副组长", "deputy group leader"
    MEMBER = "member", "成员", "member"
    STAFF = "staff", "工作人员", "member of staff"


class PlacementKind(Labelled):
    """How somebody belongs to a unit. 任职方式"""

    POST = "post", "任职", "post"
    SECONDMENT = "secondment", "借调", "secondment"
    MEMBER = "member", "成员", "member of a group"
    LEAVE = "leave", "离岗", "away, on leave"
