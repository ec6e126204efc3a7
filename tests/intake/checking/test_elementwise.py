import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.intake.checking import elementwise

VALUES = st.lists(st.sampled_from([None, "", " a", "B", "é ", "c"]), max_size=40)


def texts(values: list[str | None]) -> pl.Series:
    """Return a series of texts."""
    return pl.Series("name", values, dtype=pl.String)


def test_only_odd_values_are_mended() -> None:
    """The costly function sees what matches; null stays null."""
    seen = []

    def mend(odd: pl.Series) -> pl.Series:
        seen.extend(odd.to_list())
        return odd.str.to_uppercase()

    assert elementwise.map_matching(texts(["ok", "x1", None, "y2"]), r"\d", mend).to_list() == ["ok", "X1", None, "Y2"]
    assert seen == ["x1", "y2"]


@pytest.mark.parametrize("head", [1, 10, 1000])
@pytest.mark.parametrize("most", [1, 3, 200])
@given(values=VALUES)
def test_mapping_distinct_values_is_mapping_all(head: int, most: int, values: list[str | None]) -> None:
    """However often values repeat, the result is the function's on every one of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elementwise, "_SAMPLE_ROWS", head)
        patch.setattr(elementwise, "_MAX_DISTINCT", most)
        mapped = elementwise.map_distinct(texts(values), lambda given: given.str.strip_chars().str.to_uppercase())
    assert mapped.to_list() == [value if value is None else value.strip().upper() for value in values]


def test_values_that_repeat_are_worked_on_once() -> None:
    """Of a long column of few values the function sees each once; of one whose values differ it sees all."""
    seen = []

    def count(given: pl.Series) -> pl.Series:
        seen.append(given.len())
        return given

    few, many = texts(["a", "b"] * 1000), texts([str(number) for number in range(2000)])
    assert elementwise.map_distinct(few, count).equals(few)
    assert elementwise.map_distinct(many, count).equals(many)
    assert seen == [2, 2000]


@pytest.mark.parametrize("value", [None, "", "x"])
def test_a_column_of_one_value_is_worked_on_once(value: str | None) -> None:
    """However short it is, the function sees that value; columns that only begin and end alike are not of one value."""
    constant = texts([value] * 3)
    assert elementwise.map_distinct(constant, lambda given: given + str(given.len())).equals(constant + "1")
    for other in ("y", None if value else "z"):
        assert not elementwise.is_constant(texts([value, other, value]))


def test_answers_of_another_type_are_not_the_values() -> None:
    """The text ``true`` throughout a column is not the truth of a condition."""
    answers = elementwise.map_distinct(texts(["true"] * 2), lambda given: given == "true")
    assert answers.equals(pl.Series("name", [True, True]), check_dtypes=True)


def test_python_is_asked_once_per_distinct_text() -> None:
    """A function of Python is called once per distinct text, never for null; it may answer null."""
    asked = []

    def answer(value: str) -> str | None:
        asked.append(value)
        return None if value == "b" else value * 2

    assert elementwise.map_texts(texts(["a", "b", None, "a"]), answer).to_list() == ["aa", None, None, "aa"]
    assert sorted(asked) == ["a", "b"]
