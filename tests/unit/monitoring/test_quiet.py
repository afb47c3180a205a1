from math import log, sqrt

import numpy as np
import pytest

from steward.monitoring.quiet import Compared, Quiet, Tail, gaps, quiet_history, tail_of


def batches(count: int, rows: int, *, wobble: float = 0.0, cells: int = 20, seed: int = 1) -> Compared:
    """Draw batches of even cells; `wobble` of the rows of every other batch move from the first half of cells to the second."""
    random = np.random.default_rng(seed)
    even = np.full(cells, 1 / cells)
    tilted = even + np.repeat([-wobble, wobble], cells // 2) / (cells // 2)
    counts = np.stack([random.multinomial(rows, tilted if at % 2 else even) for at in range(count)]).astype(float)
    others = counts.sum(axis=0) - counts
    held = others.sum(axis=1)
    return Compared(counts, others / held[:, None], held)


def test_gaps_of_numbers_are_running_sums_and_those_of_levels_halves() -> None:
    differences = np.array([[0.1, 0.2, -0.3], [0.0, 0.0, 0.0]])
    assert gaps("number", differences) == pytest.approx([0.3, 0.0])
    assert gaps("category", differences) == pytest.approx([0.3, 0.0])


def test_a_tail_by_hand() -> None:
    # Of ten distances three make the tail: above 0.07 by 0.02 on average, with a share of 0.3 beyond it.
    tail = tail_of(np.arange(1, 11) / 100)
    assert tail == pytest.approx(Tail(0.07 + 0.02 * log(0.3), 0.02))
    assert tail.at(0.3) == pytest.approx(0.07)
    assert tail.at(0.001) == pytest.approx(0.07 + 0.02 * log(300))
    assert Tail(0.5, 0.4).at(1e-9) == 1.0


def test_usual_is_what_remains_of_the_squares() -> None:
    assert Quiet(Tail(0.5, 0.0), Tail(0.3, 0.0)).usual(0.01) == pytest.approx(0.4)
    assert Quiet(Tail(0.3, 0.0), Tail(0.5, 0.0)).usual(0.01) == 0.0


@pytest.mark.parametrize("kind", ["number", "category"])
def test_batches_that_differ_by_chance_alone_have_no_history(kind: str) -> None:
    found = [quiet_history(kind, batches(30, 400, seed=seed)) for seed in range(20)]  # type: ignore[arg-type]
    assert sum(quiet is not None for quiet in found) <= 2


@pytest.mark.parametrize("kind", ["number", "category"])
def test_batches_that_stray_make_as_much_usual(kind: str) -> None:
    # Half of the batches hold a fifth of their rows elsewhere: each lies 0.1 from the mean of all, beyond chance.
    quiet = quiet_history(kind, batches(60, 2000, wobble=0.2))  # type: ignore[arg-type]
    assert quiet is not None
    assert 0.08 < quiet.usual(0.01) < 0.2
    assert quiet.usual(0.0001) >= quiet.usual(0.01)


def test_fewer_than_eight_batches_say_nothing_and_tiny_ones_do_not_count() -> None:
    assert quiet_history("number", batches(7, 2000, wobble=0.3)) is None
    made = batches(20, 2000, wobble=0.3)
    sizes = np.where(np.arange(20) < 13, 0.01, 1.0)[:, None]
    assert quiet_history("number", Compared(made.counts * sizes, made.expected, made.held)) is None
    assert quiet_history("number", Compared(made.counts, made.expected, np.zeros(20))) is None


def test_larger_batches_have_the_same_usual_with_less_noise() -> None:
    small, large = (quiet_history("number", batches(80, rows, wobble=0.2)) for rows in (300, 30_000))
    assert small is not None
    assert large is not None
    assert small.random.at(0.01) == pytest.approx(10 * large.random.at(0.01), rel=0.3)
    assert small.usual(0.01) == pytest.approx(large.usual(0.01), abs=0.07)
    assert large.random.at(0.05) == pytest.approx(1.36 / sqrt(30_000), rel=0.25)
