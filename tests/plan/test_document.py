"""YAML is read as text that knows its lines; no number becomes a binary float."""

import pytest

from jifen.core.errors import PlanError
from jifen.plan.document import DEPTH_MAX, FILE_BYTES_MAX, KEYS_MAX, PROBLEMS_MAX, Place, locate, read_text


def code(error):
    return [problem.code for problem in error.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2", "1.2"),
        ("1.20", "1.20"),
        ("1e3", "1e3"),
        (".5", ".5"),
        ("1.2%", "1.2%"),
        ("12", 12),
        ("-12", -12),
        ("007", "007"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("'12'", "12"),
        ("true", True),
        ("'true'", "true"),
        ("yes", "yes"),
        ("null", None),
        ("~", None),
        ("2024-01-31", "2024-01-31"),
        (".inf", ".inf"),
    ],
)
def test_a_scalar_is_what_it_looks_like_and_a_fraction_stays_text(text, value):
    read = read_text(f"a: {text}", "p.yaml")["a"]
    assert (read, type(read)) == (value, type(value))


def test_each_value_knows_its_line():
    document = read_text("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n", "p.yaml")
    assert [locate(document, path) for path in [("a",), ("b",), ("b", 1), ("b", 1, "d")]] == [
        Place("p.yaml", line) for line in (1, 2, 4, 5)
    ]


def test_what_is_not_there_is_located_at_what_is_above_it():
    assert locate(read_text("a:\n  b: 1", "p.yaml"), ("a", "c", "d")) == Place("p.yaml", 1)


@pytest.mark.parametrize(
    ("text", "codes", "line"),
    [
        ("a: [1", ["yaml_syntax"], 1),
        ("a: 1\n\tb: 2", ["yaml_syntax"], 2),
        ("a: 1\n---\nb: 2", ["yaml_syntax"], 2),
        ("a: 1\nb: \0", ["yaml_syntax"], 2),
        ("[" * 3000, ["yaml_syntax"], 0),
        ("a: 1\nb: 2\na: 3", ["duplicate_key"], 3),
        ("a: &x [1]\nb: *x", ["yaml_unsupported"], 1),
        ("a: &x [*x]", ["yaml_unsupported"], 1),
        ("a: !!python/object x", ["yaml_unsupported"], 1),
        ("a: !mine x", ["yaml_unsupported"], 1),
        ("? [a]\n: 1", ["yaml_unsupported"], 1),
        (b"a: 1\nb: \xff", ["plan_encoding"], 2),
        ("a: 1".encode("utf-16"), ["plan_encoding"], 1),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text, codes, line):
    with pytest.raises(PlanError) as error:
        read_text(text, "p.yaml")
    assert code(error) == codes
    problem = error.value.problems[0]
    assert (problem.file, problem.line) == ("p.yaml", line)
    assert problem.remedy


def test_several_mistakes_of_one_text_come_at_once():
    with pytest.raises(PlanError) as error:
        read_text("a: 1\na: 2\nb: !x 1\n", "p.yaml")
    assert [(problem.code, problem.line) for problem in error.value.problems] == [
        ("duplicate_key", 2),
        ("yaml_unsupported", 3),
    ]


def test_a_byte_order_mark_is_no_mistake():
    assert read_text("a: 1".encode("utf-8-sig"), "p.yaml") == {"a": 1}


def test_a_file_may_be_as_large_as_the_limit_and_no_larger():
    text = "a: 1 #".ljust(FILE_BYTES_MAX, "x")
    assert read_text(text, "p.yaml") == {"a": 1}
    with pytest.raises(PlanError) as error:
        read_text(text + "x", "p.yaml")
    assert code(error) == ["plan_too_large"]


def test_values_may_be_nested_as_deep_as_the_limit_and_no_deeper():
    assert read_text("[" * DEPTH_MAX + "1" + "]" * DEPTH_MAX, "p.yaml")
    with pytest.raises(PlanError) as error:
        read_text("[" * (DEPTH_MAX + 1) + "1" + "]" * (DEPTH_MAX + 1), "p.yaml")
    assert code(error) == ["yaml_unsupported"]


def test_a_mapping_may_have_as_many_keys_as_the_limit_and_no_more():
    lines = [f"k{number}: 1" for number in range(KEYS_MAX + 1)]
    assert len(read_text("\n".join(lines[:-1]), "p.yaml")) == KEYS_MAX
    with pytest.raises(PlanError) as error:
        read_text("\n".join(lines), "p.yaml")
    assert code(error) == ["yaml_unsupported"]


def test_a_long_list_of_mistakes_is_cut_and_says_how_many_are_left_out():
    with pytest.raises(PlanError) as error:
        read_text("a: 1\n" * (PROBLEMS_MAX + 6), "p.yaml")
    assert (len(error.value.problems), error.value.more) == (PROBLEMS_MAX, 5)
