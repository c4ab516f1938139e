"""`python -m tests.intake.repeats.tune`: fits the weights on the tuning half and prints them for services/intake/domain/repeat_score.py.

Plain logistic regression by gradient descent; it never sees the held-out half. Marks are dropped and garbled at random while fitting,
because words that nobody thought of are recognised less well than those of this half.
"""

import math
import random
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

from services.intake.domain.repeat_marks import Marks, marks_of
from services.intake.domain.repeat_score import FEATURES, features
from tests.intake.repeats.generator import Half, Pair, Report
from tests.intake.repeats.more_tuning_words import MORE_TUNING
from tests.intake.repeats.tuning_words import TUNING

SEED, PAIRS = 20180601, 2600
STEPS, RATE, SHRINK = 500, 2.0, 0.0005


def marks(report: Report) -> Marks:
    return marks_of(
        report.summary, (), received_on=report.received_on, street=report.street, acts=report.manifestations
    )


def unclear(marks: Marks, draw: random.Random) -> Marks:
    """The same report where words are unknown: a mark of each kind is missed now and then, or taken for another."""
    changes: dict[str, Any] = {
        name: frozenset[str]()
        for name, share in (
            ("names", 0.1),
            ("acts", 0.3),
            ("aliases", 0.2),
            ("places", 0.1),
            ("firms", 0.2),
            ("months", 0.1),
        )
        if draw.random() < share
    }
    if draw.random() < 0.08:
        changes["names"] = frozenset({f"万滚{draw.randrange(50)}"})
    if "names" in changes and draw.random() < 0.8:
        changes["surnames"] = frozenset[str]()
    if draw.random() < 0.15:
        changes["acts"] = frozenset({draw.choice(("04", "05", "06", "08", "09"))})
    return replace(marks, **changes)


def tuning_half(count: int) -> list[Pair]:
    """The half that fitting sees, in both its wordings."""
    return Half(TUNING, SEED).pairs(count // 2) + Half(MORE_TUNING, SEED).pairs(count // 2)


def fit(pairs: list[Pair]) -> tuple[dict[str, float], float]:
    """Weights and bias that tell the pairs apart best."""
    draw = random.Random(SEED)
    found = [(marks(pair.one), marks(pair.other)) for pair in pairs]
    found += [(unclear(one, draw), unclear(other, draw)) for one, other in found]
    pairs = [*pairs, *pairs]
    rows = [[features(one, other)[name] for name in FEATURES] for one, other in found]
    sparse = [[(index, value) for index, value in enumerate(row) if value] for row in rows]
    weights, bias = [0.0] * len(FEATURES), 0.0
    for _ in range(STEPS):
        slope, level = [SHRINK * weight for weight in weights], 0.0
        for row, pair in zip(sparse, pairs, strict=True):
            total = bias + sum(weights[index] * value for index, value in row)
            error = (1 / (1 + math.exp(-total)) - pair.same) / len(pairs)
            level += error
            for index, value in row:
                slope[index] += error * value
        weights = [weight - RATE * part for weight, part in zip(weights, slope, strict=True)]
        bias -= RATE * level
    return dict(zip(FEATURES, weights, strict=True)), bias


def main() -> None:
    """Fit and print, with the precision and recall of some thresholds on the tuning half."""
    pairs = tuning_half(PAIRS)
    weights, bias = fit(pairs)
    out = sys.stdout.write
    for name, weight in weights.items():
        out(f'        "{name}": {weight:.2f},\n')
    out(f"BIAS = {bias:.2f}\n")
    scored = []
    for pair in pairs:
        found = features(marks(pair.one), marks(pair.other))
        scored.append((1 / (1 + math.exp(-bias - sum(weights[name] * found[name] for name in FEATURES))), pair))
    for threshold in (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
        flagged = [pair for value, pair in scored if value >= threshold]
        right = sum(pair.same for pair in flagged)
        wrong = Counter(pair.kind for pair in flagged if not pair.same)
        missed = Counter(pair.kind for value, pair in scored if pair.same and value < threshold)
        out(f"{threshold}: precision {right / len(flagged):.3f} recall {right / sum(p.same for p in pairs):.3f}\n")
        out(f"   wrong {dict(wrong)} missed {dict(missed)}\n")


if __name__ == "__main__":
    main()
