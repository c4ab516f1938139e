"""The alarms: each expression names metrics and labels that the code has, and each alarm has its paragraph for the operator."""

import re
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import services.discipline.app
import services.intake.app
import services.intake.vault
import services.intake.worker
import services.publicity.app
import services.verification.app  # noqa: F401 - all four bring their metrics into the registry
from deploy.check import ROOT

FOLDER = ROOT / "deploy" / "monitoring"
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
FOREIGN = {"up": set(), "node_filesystem_avail_bytes": {"fstype"}, "node_filesystem_size_bytes": set[str]()}
"""What Prometheus itself and node-exporter show."""
TARGET = {"service", "role", "job", "instance", "le", "mountpoint"}
"""Labels that the scrape configuration and histograms add."""
WORDS = {"by", "and", "or", "on", "sum", "max", "min", "rate", "increase", "histogram_quantile", "time", "absent"}


def ours() -> dict[str, set[str]]:
    """Sample name → its labels."""
    found: dict[str, set[str]] = {}
    for collector in list(REGISTRY._collector_to_names):
        labels = set(getattr(collector, "_labelnames", ()))
        for name in REGISTRY._collector_to_names[collector]:
            if name.startswith("xiansuo_"):
                found[name] = labels
    return found


def named(expression: str) -> tuple[set[str], set[str]]:
    """Metrics and labels in a PromQL expression."""
    grouped = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")}
    chosen = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
    bare = re.sub(r"\bby \([^)]*\)|\{[^}]*\}|\[[^]]*\]|\d[\d.]*", " ", expression)
    return set(re.findall(r"[a-z_:]+", bare)) - WORDS, grouped | chosen


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alarm_names_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    known = ours() | FOREIGN
    metrics, labels = named(rule["expr"])
    assert metrics
    assert metrics - set(known) == set()
    assert labels - TARGET - {label for metric in metrics for label in known[metric]} == set()


def test_a_misspelt_metric_or_label_would_be_found() -> None:
    metrics, labels = named('sum by (servise) (rate(xiansuo_parkd_total{kind="x"}[5m])) > 0')
    assert metrics == {"xiansuo_parkd_total"}
    assert labels == {"servise", "kind"}
    assert "xiansuo_parkd_total" not in ours()
    assert len(ours()) > 40


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alarm_has_its_row_and_its_paragraph_for_the_operator(rule: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    name = rule["alert"]
    assert rule["annotations"]["doc"] == f"docs/operations.md#{name.lower()}"
    assert rule["labels"]["severity"] in ("page", "ticket")
    [row] = [line for line in text.splitlines() if line.startswith(f"| [{name}](#{name.lower()}) |")]
    assert row.rstrip(" |").endswith(rule["labels"]["severity"])
    shown = {re.sub(r"_(bucket|sum|count)$", "", metric) for metric in named(rule["expr"])[0]}
    assert {metric for metric in shown if f"`{metric}`" in row}
    paragraph = text.split(f"\n### {name}\n")[1].split("\n### ")[0].split("\n## ")[0]
    assert len(paragraph.split()) >= 20


def test_no_paragraph_tells_of_an_alarm_that_is_gone() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert re.findall(r"^### (\w+)$", text, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_no_label_of_ours_can_hold_an_id_or_what_was_typed() -> None:
    labels = {label for names in ours().values() for label in names}
    assert labels == {"route", "method", "status", "kind", "state", "topic", "part", "task", "timer", "source"}
