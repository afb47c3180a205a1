"""A look may come at any time: no difference is called one, and a real one is found."""

from collections.abc import Callable, Mapping
from math import log, sqrt

import numpy as np
import numpy.typing as npt
import pytest
from tests.reliability import count_trials

from steward.deploy.sequential import ALPHA, BURN_IN, NOTHING, TUNED_AT, Losses, Word, half_width, independent, one_mean, paired

Array = npt.NDArray[np.float64]
LOOKS, OUTCOMES = 45, 2700

LOSSES: Mapping[str, Callable[[np.random.Generator, int], Array]] = {
    "squared errors": lambda draw, rows: draw.normal(size=rows) ** 2,
    "skewed absolute errors": lambda draw, rows: np.exp(draw.normal(size=rows)),
    "squared errors of heavy tails": lambda draw, rows: draw.standard_t(3, size=rows) ** 2,
    "few wrong answers": lambda draw, rows: (draw.random(rows) < 0.05) * 1.0,
}


def alone(losses: Array) -> Losses:
    return Losses(losses, np.arange(len(losses)))


def shadow(one: Array, other: Array, _draw: Array) -> Word:
    return paired(alone(one - other)).word


def split(share: float) -> Callable[[Array, Array, Array], Word]:
    def look(one: Array, _other: Array, draw: Array) -> Word:
        mine = draw < share
        return independent([(alone(one[~mine]), alone(one[mine]))]).word

    return look


def ramp(one: Array, _other: Array, draw: Array) -> Word:
    steps = [(slice(0, 600), 0.02), (slice(600, 1500), 0.1), (slice(1500, None), 0.5)]
    cut = [(one[part], draw[part] < share) for part, share in steps]
    return independent([(alone(rows[~mine]), alone(rows[mine])) for rows, mine in cut]).word


WAYS: Mapping[str, Callable[[Array, Array, Array], Word]] = {
    "shadow": shadow,
    "split 10/90": split(0.1),
    "split 50/50": split(0.5),
    "ramp": ramp,
}


def last_word(look: Callable[[Array, Array, Array], Word], one: Array, other: Array, draw: Array) -> Word:
    """Look each day, and stop as soon as there is a verdict."""
    for day in range(1, LOOKS + 1):
        rows = OUTCOMES * day // LOOKS
        word = look(one[:rows], other[:rows], draw[:rows])
        if word in ("better", "worse"):
            return word
    return "cannot tell"


@pytest.mark.parametrize("times", [20, pytest.param(1000, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", LOSSES)
def test_of_two_that_are_the_same_hardly_any_is_ever_called_better(kind: str, way: str, times: int) -> None:
    words = []
    for seed in range(times):
        draw = np.random.default_rng([seed, times])
        one, other = (LOSSES[kind](draw, OUTCOMES) for _ in range(2))
        words.append(last_word(WAYS[way], one, other, draw.random(OUTCOMES)))
    better, decided = words.count("better"), len(words) - words.count("cannot tell")
    what = f"A/A, {kind}, {way}, {LOOKS} daily looks: of two that are the same at most 5 % are ever called better"
    count_trials("L8", what, trials=times, failed=better, figures={"ever called better or worse": f"{decided / times:.1%}"})
    assert better <= ALPHA * times


@pytest.mark.parametrize("seed", range(3))
def test_equal_means_of_unequal_shapes_are_no_difference(seed: int) -> None:
    draw = np.random.default_rng(seed)
    one, other = draw.gamma(4, 0.25, OUTCOMES), draw.exponential(1.0, OUTCOMES)
    arm = draw.random(OUTCOMES) < 0.1
    words = [
        independent([(alone(one[:rows][~arm[:rows]]), alone(other[:rows][arm[:rows]]))]).word for rows in range(60, OUTCOMES, 60)
    ]
    assert not {"better", "worse"} & set(words)


def test_a_real_difference_is_found_and_a_pair_finds_it_sooner() -> None:
    def first(look: Callable[[int], Word]) -> int:
        return next(rows for rows in range(100, 30_000, 100) if look(rows) == "better")

    needed = []
    for seed in range(9):
        draw = np.random.default_rng(seed)
        common = draw.normal(size=30_000)  # what makes a row hard for both
        one, other = (scale * (common + draw.normal(size=common.size)) ** 2 for scale in (1.0, 0.85))
        pairs = first(lambda rows, each=one - other: paired(alone(each[:rows])).word)  # type: ignore[misc] # the array of now
        halves = first(lambda rows, a=one, b=other: independent([(alone(a[:rows:2]), alone(b[1:rows:2]))]).word)  # type: ignore[misc]
        needed.append((pairs, halves))
    # Of losses that are 15 % lower on average, half of the rows common to both.
    assert np.median(needed, axis=0).tolist() == [1100, 2100]


def test_the_ends_are_those_of_the_formula() -> None:
    squared = (-2 * log(ALPHA) + log(1 - 2 * log(ALPHA))) / TUNED_AT  # r^2 of the paper
    for count in (100, 5000):
        root = count * squared + 1
        by_hand = 1.5 * sqrt(2 * root / (count**2 * squared) * log(sqrt(root) / ALPHA))
        assert half_width(1.5, count) == pytest.approx(by_hand)
    assert half_width(1.0, 100) > half_width(1.0, 101)


def test_nothing_is_said_before_the_burn_in() -> None:
    losses = np.full(BURN_IN - 1, 5.0)
    assert paired(alone(losses)).word == "too few"
    assert paired(alone(np.append(losses, 5.0))).word == "better"
    assert paired(alone(np.empty(0))) == NOTHING
    assert independent([(alone(losses), alone(losses[:1]))]) == NOTHING
    assert independent([]) == NOTHING


def test_rows_of_one_unit_count_as_one() -> None:
    draw = np.random.default_rng(3)
    each = draw.normal(loc=0.1, size=400)
    once, often = alone(each), Losses(np.repeat(each, 25), np.repeat(np.arange(400), 25))
    assert paired(often).units == paired(once).units == 400
    assert paired(often).low == pytest.approx(paired(once).low)
    assert paired(alone(np.repeat(each, 25))).low > paired(often).low


def test_rows_are_compared_with_those_of_the_same_time() -> None:
    # The second half of the time is harder for both, and the challenger has most of its rows there.
    draw = np.random.default_rng(5)
    easy, hard = draw.normal(1, 0.1, 1000), draw.normal(3, 0.1, 1000)
    strata = [(alone(easy[100:]), alone(easy[:100])), (alone(hard[500:]), alone(hard[:500]))]
    assert independent(strata).word == "cannot tell"
    pooled = [(alone(np.append(easy[100:], hard[500:])), alone(np.append(easy[:100], hard[:500])))]
    assert independent(pooled).word == "worse"


def test_the_mean_of_an_arm_lies_between_its_ends() -> None:
    mean, low, high = one_mean(alone(np.array([1.0, 3.0] * 200)))
    assert (mean, high - mean) == (2.0, pytest.approx(mean - low))
    # The spread is 1 (times 400/399 for one that is not known).
    assert high - mean == pytest.approx(half_width(sqrt(400 / 399), 400))
