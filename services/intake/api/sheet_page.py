"""The assignment sheet as a page to print (A4): plain HTML without script, every value escaped, a number on each print (G13)."""

from html import escape

from services.intake.domain.sheet import CONFIDENTIALITY, RECUSAL, Sheet

_STYLE = (
    "@page{size:A4;margin:20mm}body{font-family:SimSun,'Noto Serif CJK SC',serif;font-size:12pt;line-height:1.5}"
    "h1{text-align:center;font-size:18pt}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #000;padding:4px 8px;text-align:left;vertical-align:top}th{width:7em;font-weight:bold}"
    "footer{margin-top:1em;font-size:9pt;display:flex;justify-content:space-between}"
)


def page(sheet: Sheet, *, issuer: str, print_no: int, printed_by: str, printed_on: str) -> str:
    """The page."""
    rows = [
        ("交办单号", sheet.number),
        ("线索编号", sheet.lead_no),
        *([("上级编号", sheet.upstream_no)] if sheet.upstream_no else []),
        ("交办单位", sheet.from_),
        ("承办单位", sheet.to),
        ("办理依据", sheet.legal_basis),
        ("级别", f"{sheet.level}{'(紧急)' if sheet.urgent else ''}"),
        ("线索内容", sheet.summary),
        *((f"反映事项{number}", text) for number, text in enumerate(sheet.allegations, 1)),
        ("签收期限", f"{sheet.sign_by}"),
        ("办结期限", f"{sheet.due_on}"),
        ("报送要求", ";".join(f"{report.name}:{report.by}" for report in sheet.reports)),
        ("回避要求", RECUSAL),
        ("保密要求", CONFIDENTIALITY),
        (
            "管辖异议",
            f"□ 本单位认为不属管辖,应于{sheet.dispute_by}(含)前提出,理由:"
            if sheet.dispute_by
            else "已经裁定,不得再提管辖异议",
        ),
        ("交办", f"批准签发:{issuer}  日期:{sheet.issued_on}"),
        ("制发", f"制发:{printed_by}  日期:{printed_on}"),
        ("承办组", "负责人:__________  核查人员(两名以上):__________"),
        ("签收", "签收人:__________  日期:__________"),
    ]
    body = "".join(f"<tr><th>{escape(name)}</th><td>{_lines(value)}</td></tr>" for name, value in rows)
    printed = f"打印编号 {print_no} · {escape(printed_by)} · {escape(printed_on)}"
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>交办单 {escape(sheet.number)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>线索交办单</h1><table>{body}</table>"
        f"<footer><span>内部资料 注意保密</span><span>{printed}</span></footer></body></html>"
    )


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
