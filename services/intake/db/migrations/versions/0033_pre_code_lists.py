"""Code lists as versions with days of force, with the lists that were in the code until now; a lead keeps its version, and its second-level
source."""

from shared.migrations.run import script

revision = "0033"
down_revision = "0032"

_TABLES = """
create table code_versions (
    version text not null,
    from_on date not null,
    until_on date,
    base text,
    state text not null,
    reason text not null,
    proposed_by text not null,
    proposed_at timestamp with time zone not null,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    constraint pk_code_versions primary key (version),
    constraint fk_code_versions_base_code_versions foreign key (base) references code_versions (version),
    constraint ck_code_versions_state check (state in ('proposed', 'adopted', 'refused')),
    constraint ck_code_versions_days_in_order check (until_on > from_on),
    constraint ck_code_versions_two_people check (decided_by <> proposed_by),
    constraint ck_code_versions_decided_whole check ((state = 'proposed') = (decided_at is null)),
    constraint ck_code_versions_ended_once_adopted check (until_on is null or state = 'adopted')
);
create unique index uq_code_versions_from_on on code_versions (from_on) where state = 'adopted';
create unique index uq_code_versions_open on code_versions (state) where state = 'adopted' and until_on is null;
comment on column code_versions.until_on is 'the first day on which it holds no more: on which the next one begins';
comment on column code_versions.base is 'the version that it was made from';
create table code_entries (
    version text not null,
    list text not null,
    code text not null,
    position integer not null,
    zh text not null,
    en text not null,
    parent text,
    constraint pk_code_entries primary key (version, list, code),
    constraint fk_code_entries_version_code_versions foreign key (version) references code_versions (version),
    constraint ck_code_entries_parent check ((list = 'source_l2') = (parent is not null) and parent in ('S', 'A', 'M', 'O'))
);
comment on column code_entries.parent is 'of a second-level source: its source';
revoke update, delete, truncate on code_versions, code_entries from intake;
grant update (state, until_on, decided_by, decided_at, decision_reason) on code_versions to intake;
"""
# In force from the first day that a lead may bear, so that every lead has a list.
_SHIPPED = """
insert into code_versions (version, from_on, state, reason, proposed_by, proposed_at, decided_at)
values ('2018-2', '2000-01-01', 'adopted', '随系统交付 / shipped with the service', 'system:intake',
    '2018-01-01T00:00:00+08:00', '2018-01-01T00:00:00+08:00');
insert into code_entries (version, list, code, position, zh, en, parent) values
    ('2018-2', 'source', 'S', 0, '上级转办', 'handed down by superiors', null),
    ('2018-2', 'source', 'A', 1, '110报警', '110 call', null),
    ('2018-2', 'source', 'M', 2, '群众举报', 'report by the public', null),
    ('2018-2', 'source', 'O', 3, '其他', 'other', null),
    ('2018-2', 'area', 'market', 0, '欺行霸市', 'market bullying', null),
    ('2018-2', 'area', 'site', 1, '滋扰工地', 'harassing building sites', null),
    ('2018-2', 'area', 'demolition', 2, '暴力拆迁', 'violent demolition', null),
    ('2018-2', 'area', 'usury', 3, '高利放贷', 'usury', null),
    ('2018-2', 'area', 'vice', 4, '黄赌毒', 'vice, gambling, drugs', null),
    ('2018-2', 'area', 'other', 5, '其他', 'other', null),
    ('2018-2', 'tier', 'black', 0, '黑', 'black', null),
    ('2018-2', 'tier', 'evil', 1, '恶', 'evil', null),
    ('2018-2', 'tier', 'disorder', 2, '乱', 'disorder', null),
    ('2018-2', 'level', 'general', 0, '一般', 'general', null),
    ('2018-2', 'level', 'key', 1, '重点', 'key', null),
    ('2018-2', 'level', 'major', 2, '重大', 'major', null),
    ('2018-2', 'manifestation', '01', 0,
     '威胁政治安全特别是政权安全、制度安全以及向政治领域渗透的黑恶势力',
     'political security', null),
    ('2018-2', 'manifestation', '02', 1,
     '把持基层政权、操纵破坏基层换届选举、垄断农村资源、侵吞集体资产的黑恶势力',
     'grass-roots power', null),
    ('2018-2', 'manifestation', '03', 2,
     '利用家族、宗族势力横行乡里、称霸一方、欺压残害百姓的“村霸”等黑恶势力',
     'village tyrants', null),
    ('2018-2', 'manifestation', '04', 3,
     '在征地、租地、拆迁、工程项目建设等过程中煽动闹事的黑恶势力',
     'land and demolition', null),
    ('2018-2', 'manifestation', '05', 4,
     '在建筑工程、交通运输、矿产资源、渔业捕捞等行业、领域,强揽工程、恶意竞标、非法占地、滥开滥采的黑恶势力',
     'industries', null),
    ('2018-2', 'manifestation', '06', 5,
     '在商贸集市、批发市场、车站码头、旅游景区等场所欺行霸市、强买强卖、收保护费的市霸、行霸等黑恶势力',
     'markets', null),
    ('2018-2', 'manifestation', '07', 6,
     '操纵、经营“黄赌毒”等违法犯罪活动的黑恶势力',
     'vice, gambling, drugs', null),
    ('2018-2', 'manifestation', '08', 7,
     '非法高利放贷、暴力讨债的黑恶势力',
     'usury and violent collection', null),
    ('2018-2', 'manifestation', '09', 8,
     '插手民间纠纷,充当“地下执法队”的黑恶势力',
     'underground enforcers', null),
    ('2018-2', 'manifestation', '10', 9,
     '境外黑社会入境发展渗透以及跨国跨境的黑恶势力',
     'across borders', null),
    ('2018-2', 'manifestation', '11', 10,
     '组织或雇佣网络“水军”在网上威胁、恐吓、侮辱、诽谤、滋扰的黑恶势力',
     'paid online harassment', null),
    ('2018-2', 'source_l2', 'S-centre', 0, '中央督导组转办督办', 'handed down by the centre''s inspection team', 'S'),
    ('2018-2', 'source_l2', 'S-12337', 1, '12337平台下发', 'handed down from the national platform 12337', 'S'),
    ('2018-2', 'source_l2', 'S-province', 2, '省督导组转办', 'handed down by the province''s inspection team', 'S'),
    ('2018-2', 'source_l2', 'S-city', 3, '市扫黑办转办', 'handed down by the city''s office', 'S'),
    ('2018-2', 'source_l2', 'A-110', 4, '110接处警', 'a call to 110', 'A'),
    ('2018-2', 'source_l2', 'M-letter', 5, '群众来信', 'a letter', 'M'),
    ('2018-2', 'source_l2', 'M-visit', 6, '群众来访', 'a visit', 'M'),
    ('2018-2', 'source_l2', 'M-phone', 7, '群众来电', 'a telephone call', 'M'),
    ('2018-2', 'source_l2', 'M-web', 8, '网络举报', 'a report on the web', 'M'),
    ('2018-2', 'source_l2', 'O-second-front', 9, '“第二战场”检举揭发', 'told by persons in custody', 'O'),
    ('2018-2', 'source_l2', 'O-member-unit', 10, '成员单位摸排移交', 'found and transferred by a member unit', 'O'),
    ('2018-2', 'source_l2', 'O-screening', 11, '排查发现', 'found in a screening', 'O'),
    ('2018-2', 'source_l2', 'O-discipline', 12, '纪委监委移送', 'referred by discipline', 'O');
"""
# A constant default: added without a rewrite, and the code that runs meanwhile goes on.
_LEADS = """
alter table leads add column source_l2 text, add column codes_version text not null default '2018-2';
comment on column leads.source_l2 is 'second-level source, of the code lists';
comment on column leads.codes_version is 'the version of the code lists that it was registered or last classified with';
grant update (codes_version) on leads to intake;
"""


def upgrade() -> None:
    """Forward only."""
    script(_TABLES + _SHIPPED + _LEADS)
