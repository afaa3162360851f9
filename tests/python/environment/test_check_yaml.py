"""The YAML check finds the mistakes that dbt on PostgreSQL passes over in silence."""

import pytest

from checks.check_yaml import check, load_schema

GOOD = """
models:
  - name: dim_owners
    description: One row per user.
    columns:
      - name: user_id
        data_tests:
          - accepted_values:
              arguments:
                values: [1]
              config:
                severity: warn
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("data_tests:", "datatests:"),
        ("description: One", "descripton: One"),
        ("severity: warn", "severty: warn"),
        ("models:", "modles:"),
    ],
)
def test_misspelt_key_is_reported_with_its_place(tmp_path, right, wrong):
    path = tmp_path / "dim_owners.yml"
    path.write_text(GOOD.replace(right, wrong))
    (line,) = check(path, load_schema("resources"))
    assert wrong.split(":")[0] in line
    assert str(path) in line


def test_correct_file_has_no_violation(tmp_path):
    path = tmp_path / "dim_owners.yml"
    path.write_text(GOOD)
    assert check(path, load_schema("resources")) == []


def test_broken_yaml_is_one_line(tmp_path):
    path = tmp_path / "broken.yml"
    path.write_text("models: [")
    (line,) = check(path, load_schema("resources"))
    assert "not YAML" in line and "\n" not in line
