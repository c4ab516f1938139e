"""`python -m deploy.rules`: each rule of the specification and the tests that prove it (`@pytest.mark.rule`).

docs/rules.toml lists the rules; one marked `built` without a test is an error, one not built yet is only shown.
"""

import ast
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def proofs_by_rule(root: Path) -> dict[str, list[str]]:
    """Rule id → tests that carry it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((root / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rule":
                    for rule in mark.args:
                        found[ast.literal_eval(rule)].append(f"{path.relative_to(root)}::{node.name}")
    return found


def main() -> int:
    """Print rule × tests; exit 1 when a built rule has none, or a test names an unknown rule."""
    rules = {rule["id"]: rule for rule in tomllib.loads((ROOT / "docs/rules.toml").read_text("utf-8"))["rule"]}
    proved = proofs_by_rule(ROOT)
    for rule_id, rule in rules.items():
        tests = proved.get(rule_id, [])
        state = "" if tests else ("  NO TEST" if rule["built"] else "  not built yet")
        print(f"{rule_id:<4} {rule['title']}{state}")
        for test in tests:
            print(f"       {test}")
    unproved = [rule_id for rule_id, rule in rules.items() if rule["built"] and not proved.get(rule_id)]
    unknown = sorted(set(proved) - set(rules))
    built = sum(1 for rule in rules.values() if rule["built"])
    print(f"{len(rules)} rules, {built} built, {built - len(unproved)} of these proved")
    for rule_id in unknown:
        print(f"{rule_id}: named by {proved[rule_id][0]}, not in docs/rules.toml")
    return 1 if unproved or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
