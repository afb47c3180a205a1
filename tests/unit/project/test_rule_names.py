"""Names and types in checks and cleaning rules are judged when a project is checked, before any row is read."""

from pathlib import Path

from tests.small_project import write_project

from steward.flows.check import feature_faults
from steward.project.read import check_project, read_project

CHECKS = (
    'checks=[{kind: rule, rule: "minuts < 100"}, {kind: conflict, key: [ids], column: zone}, '
    "{kind: schema, columns: {zones: integer}}, {kind: null_together, columns: [minutes, att]}]"
)


def test_every_name_in_a_rule_a_key_or_a_schema_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    faults = check_project(write_project(tmp_path / "trips"), [CHECKS, 'cleaning=[{kind: drop_rows, where: "zon == 1"}]'])
    assert [(fault.code, fault.what, fault.fix) for fault in faults] == [
        ("PROJ-007", "checks.0.rule: nothing is called 'minuts'", "did you mean 'minutes'?"),
        ("PROJ-007", "checks.1.key.0: nothing is called 'ids'", "did you mean 'id'?"),
        ("PROJ-007", "checks.2.columns.zones: nothing is called 'zones'", "did you mean 'zone'?"),
        ("PROJ-007", "checks.3.columns.1: nothing is called 'att'", "did you mean 'at'?"),
        ("PROJ-007", "cleaning.0.where: nothing is called 'zon'", "did you mean 'zone'?"),
    ]


def test_a_rule_that_is_none_is_told_with_its_line_and_its_character(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "trips")
    text = (folder / "project.yaml").read_text()
    (folder / "project.yaml").write_text(text.replace("  - {kind: unique, columns: [id]}", '  - {kind: rule, rule: "minutes = 3"}'))
    (fault,) = check_project(folder)
    assert (fault.code, fault.where, fault.why) == ("PROJ-006", ("project.yaml:8",), "at character 9: write == for: is equal to")


def test_rules_that_cannot_be_asked_of_the_declared_types_are_told_without_a_row(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "trips")
    checks = 'checks=[{kind: rule, rule: "at > minutes"}, {kind: matches, column: zone, pattern: x}, {kind: in_period, column: at}]'
    cleaning = "cleaning=[{kind: cast, column: zone, to: text}, {kind: clip, column: zone, max: 3}]"
    faults = feature_faults(read_project(folder, [checks, cleaning]))
    assert [(fault.code, fault.why) for fault in faults] == [
        ("DATA-056", "it compares a moment with a number"),
        ("DATA-053", ""),
        ("DATA-053", ""),
    ]
