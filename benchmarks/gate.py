"""How often does the gate promote a candidate that is no better, how often does it find one that is, and what of heart?

ties    1,000 pairs of equally good models for each shape of `ties.py`, judged with the gate's defaults: at most 5 % may pass
power   a candidate whose RMSE is smaller by 3 %, by rows and by how much the errors of both models are correlated
heart   logistic regression and random forest on 303 patients: ten folds, five times over, and the gate on one round of them
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from measure import data_folder, keep, print_table
from ties import HEART_CODES, HEART_NAMES, SHAPES, errors, heart, promoted

from steward.deploy.gate import Verdict, judge_candidate
from steward.models.crossval import CrossValidated, Fold, choose_simplest_of_ties, compare, cross_validate_answers, repeated_folds
from steward.models.zoo import Array, fit
from steward.project.candidates import CandidateSpec, LogisticSpec, RandomForestSpec
from steward.project.gate import GateSpec

SEED = 20261121
TIES = 1000
TRIES = 200
GAIN = 0.03
ROWS = (100, 300, 1000, 3000, 10_000)
CORRELATIONS = (0.8, 0.9, 0.97)


def tie_share(name: str) -> tuple[str, int]:
    return name, promoted(SHAPES[name], TIES, SEED)


def found(case: tuple[int, float]) -> tuple[tuple[int, float], int]:
    """Return in how many tries a gain of 3 % is found, with so many rows and errors so correlated."""
    rows, correlation = case
    draw = np.random.default_rng(SEED)
    tries = (errors(draw, rows, correlation=correlation, gain=GAIN) for _ in range(TRIES))
    return case, sum(judge_candidate(*one, GateSpec(), "rmse", seed=seed).passed for seed, one in enumerate(tries))


def cross(matrix: Array, truth: Array, spec: CandidateSpec) -> tuple[CrossValidated, Array]:
    """Return the figures of ten folds five times over, and every row's answer from the first round."""
    answers = np.empty((len(truth), 2))
    folds = repeated_folds(truth, folds=10, repeats=5, seed=SEED, classes=True)

    def answer(fold: Fold) -> Array:
        model = fit(spec, matrix[fold.train], truth[fold.train], names=HEART_NAMES, classes=2, categories=HEART_CODES)
        said = model.predict(matrix[fold.test])
        if any(fold is one for one in folds[:10]):
            answers[fold.test] = said
        return said

    return cross_validate_answers(answer, truth, folds, task="binary"), answers


def of_heart() -> dict[str, str] | None:
    data = data_folder()
    if data is None or not (data / "heart").is_dir():
        return None
    matrix, truth = heart(data)
    specs = {"logistic": LogisticSpec(kind="logistic"), "random_forest": RandomForestSpec(kind="random_forest", seed=7)}
    crossed = {name: cross(matrix, truth, spec) for name, spec in specs.items()}
    figures = {name: one[0] for name, one in crossed.items()}
    judged = compare(figures["random_forest"], figures["logistic"], "roc_auc")
    verdict: Verdict = judge_candidate(
        truth,
        crossed["random_forest"][1],
        crossed["logistic"][1],
        GateSpec(),
        "roc_auc",
        seed=SEED,
        task="binary",
        against="logistic",
    )
    means = {name: one.measured("roc_auc") for name, one in figures.items()}
    gap = judged.comparison
    return {
        **{f"ROC AUC of {name}": f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]" for name, one in means.items()},
        "forest minus logistic": f"{gap.difference:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}], p = {gap.p_value:.2f}: {judged.answer}",
        "chosen": choose_simplest_of_ties(figures, "roc_auc"),
        "gate": verdict.reason,
    }


def main() -> None:
    with ProcessPoolExecutor(2) as pool:
        hearts = pool.submit(of_heart)
        ties = dict(pool.map(tie_share, SHAPES))
        power = dict(pool.map(found, [(rows, correlation) for rows in ROWS for correlation in CORRELATIONS]))
        told = hearts.result()
    print(f"seed {SEED}; {TIES:,} ties a shape, {TRIES} tries a cell\n")
    print_table(
        ["ties", "rows", "promoted"],
        [[name, SHAPES[name].rows, f"{count / TIES:.1%}"] for name, count in ties.items()],
    )
    every = sum(ties.values()) / TIES / len(ties)
    print(f"all {every:.1%}\n")
    heads = [f"a gain of {GAIN:.0%}, rows", *(f"correlation {correlation}" for correlation in CORRELATIONS)]
    print_table(heads, [[f"{rows:,}", *(f"{power[rows, c] / TRIES:.0%}" for c in CORRELATIONS)] for rows in ROWS])
    if told:
        print("\nheart, logistic regression and random forest")
        for name, value in told.items():
            print(f"  {name}: {value}")
    found_power = [{"rows": rows, "correlation": c, "found": count / TRIES} for (rows, c), count in power.items()]
    keep("gate", {"seed": SEED, "ties": {name: count / TIES for name, count in ties.items()}, "power": found_power, "heart": told})
    sys.exit(any(count > 0.05 * TIES for count in ties.values()))


if __name__ == "__main__":
    main()
