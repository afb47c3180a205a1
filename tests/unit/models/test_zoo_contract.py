"""Every kind of candidate, on every task it answers: prepare, fit, predict, evaluate, save, load, importance."""

import json
import pickle
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from steward.core.errors import UsageError
from steward.core.tasks import RULES, TaskKind
from steward.models.measure import MEASURES
from steward.models.zoo import FILES, SIMPLEST_FIRST, Array, Fitted, again, fit, load, parse
from steward.project.candidates import CandidateSpec

NAMES = ("distance_km", "hour", "noise")
CLASSES: dict[TaskKind, int] = {"regression": 0, "binary": 2, "multiclass": 3}
SETTINGS: dict[str, dict[str, object]] = {
    "random_forest": {"num_trees": 20},
    "lightgbm": {"num_trees": 40, "learning_rate": 0.2, "min_rows_in_leaf": 10},
    "xgboost": {"num_trees": 40, "learning_rate": 0.2},
    "mlp": {"hidden": [16, 8], "epochs": 12, "learning_rate": 0.01, "batch_rows": 64, "dropout": 0.05},
}
CASES = [(kind, task) for kind in SIMPLEST_FIRST for task in CLASSES if (kind, task) != ("logistic", "regression")]
# A sum of products in another order differs in the last bit; trees add up one after the other.
SUMS = {"linear", "logistic", "mlp"}
Make = Callable[[int, int], tuple[Array, Array]]


def candidate(kind: str, **more: object) -> CandidateSpec:
    return TypeAdapter[CandidateSpec](CandidateSpec).validate_python({"kind": kind, **SETTINGS.get(kind, {}), **more})


def rows(sample: Make, task: TaskKind, count: int, seed: int) -> tuple[Array, Array]:
    matrix, truth = sample(count, seed)
    matrix[::7, 2] = np.nan
    matrix[3::11, 1] = np.nan
    bounds = {"regression": [], "binary": [12.0], "multiclass": [8.0, 16.0]}[task]
    return matrix, np.digitize(truth, bounds).astype(np.float64) if bounds else truth


def learnt(sample: Make, kind: str, task: TaskKind, **more: object) -> Fitted:
    train, later = rows(sample, task, 500, 1), rows(sample, task, 200, 2)
    spec, classes = candidate(kind, **more), CLASSES[task]
    return fit(spec, *train, names=NAMES, validation=later, classes=classes, categories=("hour",))


@pytest.fixture(scope="module")
def models(sample: Make) -> Callable[[str, TaskKind], Fitted]:
    made: dict[tuple[str, TaskKind], Fitted] = {}

    def give(kind: str, task: TaskKind) -> Fitted:
        if (kind, task) not in made:
            made[kind, task] = learnt(sample, kind, task)
        return made[kind, task]

    return give


Models = Callable[[str, TaskKind], Fitted]
every_case = pytest.mark.parametrize(("kind", "task"), CASES)


@every_case
def test_it_learns_and_beats_the_mean(kind: str, task: TaskKind, models: Models, sample: Make) -> None:
    matrix, truth = rows(sample, task, 300, 3)
    measure = MEASURES[task].once
    loss = RULES[task].loss
    own, least = (measure(truth, models(name, task).predict(matrix))[loss] for name in (kind, "mean"))
    assert own == least if kind == "mean" else own < 0.7 * least


@every_case
def test_a_model_is_the_same_to_the_last_bit_after_a_round_trip(
    kind: str, task: TaskKind, models: Models, sample: Make, tmp_path: Path
) -> None:
    model, (matrix, _) = models(kind, task), rows(sample, task, 300, 3)
    model.dump(tmp_path)
    same = load(model.kind, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILES[model.kind]]
    assert np.array_equal(same.predict(matrix), model.predict(matrix))
    assert (same.kind, same.names, same.content()) == (model.kind, NAMES, model.content())
    assert np.array_equal(same.importance(), model.importance())


@every_case
def test_the_same_rows_make_the_same_bytes(kind: str, task: TaskKind, models: Models, sample: Make) -> None:
    assert learnt(sample, kind, task).content() == models(kind, task).content()


@every_case
def test_one_row_no_row_and_many_rows_are_answered_alike(kind: str, task: TaskKind, models: Models, sample: Make) -> None:
    model, (matrix, _) = models(kind, task), rows(sample, task, 40, 3)
    together, alone = model.predict(matrix), np.concatenate([model.predict(row[None]) for row in matrix])
    if model.kind in SUMS:
        np.testing.assert_allclose(alone, together, rtol=1e-12, atol=1e-13)
    else:
        assert np.array_equal(alone, together)
    assert model.predict(matrix[:0]).shape == (0, *together.shape[1:])
    assert np.array_equal(model.predict(np.asfortranarray(matrix)), together)


@every_case
def test_answers_have_the_shape_of_the_task_and_gaps_are_answered(kind: str, task: TaskKind, models: Models, sample: Make) -> None:
    matrix, _ = rows(sample, task, 40, 3)
    matrix[:5] = np.nan
    matrix[5:, 1] = 99.0  # an hour that nobody has seen
    answers = models(kind, task).predict(matrix)
    assert answers.dtype == np.float64
    assert np.isfinite(answers).all()
    if CLASSES[task]:
        assert answers.shape == (40, CLASSES[task])
        assert answers.sum(axis=1) == pytest.approx(1)
        assert answers.min() >= 0
    else:
        assert answers.shape == (40,)


@every_case
def test_shares_of_importance_sum_to_one_or_are_zero(kind: str, task: TaskKind, models: Models) -> None:
    shares = models(kind, task).importance()
    assert shares.shape == (3,)
    assert shares.sum() == pytest.approx(0 if kind == "mean" else 1)
    assert kind == "mean" or shares.argmin() == 2


@every_case
def test_rows_may_count_as_if_they_were_there_several_times(kind: str, task: TaskKind, sample: Make) -> None:
    # A hundred rows of another world, which count nothing, must not be heard; nor do rows that count alike change anything.
    matrix, truth = rows(sample, task, 400, 1)
    worlds = np.concatenate([matrix, matrix[:100]]), np.concatenate([truth, truth[100:200]])
    counts = np.repeat([1.0, 0.0], [400, 100])
    spec = candidate(kind, **({"max_features": 1.0} if kind == "random_forest" else {}))
    heard = fit(spec, *worlds, names=NAMES, classes=CLASSES[task], weights=counts)
    alike = fit(spec, *worlds, names=NAMES, classes=CLASSES[task])
    own = fit(spec, matrix, truth, names=NAMES, classes=CLASSES[task])
    later, _ = rows(sample, task, 200, 3)
    apart = [float(np.abs(one.predict(later) - own.predict(later)).mean()) for one in (heard, alike)]
    if kind in {"mean", "linear", "ridge", "lasso", "logistic"}:
        assert apart[0] <= 0.2 * apart[1] + 1e-9
    else:
        assert apart[0] < apart[1]


@pytest.mark.parametrize("kind", SIMPLEST_FIRST)
def test_balanced_classes_are_found_where_they_are_rare(kind: str, sample: Make) -> None:
    matrix, truth = sample(1200, 1)
    codes = (truth > np.quantile(truth, 0.96)).astype(np.float64)
    train, later = (matrix[:900], codes[:900]), (matrix[900:], codes[900:])
    plain, balanced = (
        fit(candidate(kind, balance=balance), *train, names=NAMES, validation=later, classes=2).predict(later[0])[:, 1].mean()
        for balance in (False, True)
    )
    assert plain < balanced


@every_case
def test_another_number_of_columns_is_refused_by_name(kind: str, task: TaskKind, models: Models) -> None:
    if kind == "mean":
        assert models(kind, task).predict(np.zeros((4, 2))).shape[0] == 4
        return
    with pytest.raises(ValueError, match=r"reads 3 columns \(distance_km, hour, noise\).*\(4, 2\)"):
        models(kind, task).predict(np.zeros((4, 2)))


@every_case
def test_a_candidate_is_fitted_again_as_far_as_it_went(kind: str, task: TaskKind, models: Models, sample: Make) -> None:
    model = models(kind, task)
    spec = again(candidate(kind), model)
    rounds = {"lightgbm": "num_trees", "xgboost": "num_trees", "mlp": "epochs"}.get(kind)
    whole = fit(spec, *rows(sample, task, 700, 1), names=NAMES, classes=CLASSES[task], categories=("hour",))
    assert whole.kind == model.kind
    if rounds is None:
        assert spec == candidate(kind)
    else:
        done = model.trees if rounds == "num_trees" else model.epochs  # type: ignore[attr-defined] # kinds that have it
        assert getattr(spec, rounds) == done <= SETTINGS[kind][rounds]  # type: ignore[operator] # numbers


def test_what_cannot_answer_a_task_is_refused_with_what_to_write(sample: Make) -> None:
    for spec in (candidate("logistic"), candidate("ridge", balance=True)):
        with pytest.raises(UsageError, match=r"MODEL-004[\s\S]*the target is a quantity[\s\S]*fix: "):
            fit(spec, *sample(50, 1), names=NAMES)
    with pytest.raises(UsageError, match=r"MODEL-004[\s\S]*loss huber is of a quantity"):
        fit(candidate("lightgbm", loss="huber"), *rows(sample, "binary", 50, 1), names=NAMES, classes=2)


class _Mark:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def _refused(kind: str, content: bytes) -> None:
    with pytest.raises(UsageError, match="MODEL-003"):
        parse(kind, content)


@every_case
def test_a_file_cut_short_or_exchanged_is_refused(kind: str, task: TaskKind, models: Models) -> None:
    model = models(kind, task)
    content = model.content()
    for other in (content[: len(content) // 2], content[:-2], b"", b"\x00" * 100, content[::-1]):
        _refused(model.kind, other)


@pytest.mark.parametrize("kind", list(FILES))
def test_a_pickle_in_the_place_of_a_model_is_not_run(kind: str, tmp_path: Path) -> None:
    for protocol in (0, 2, 5):
        (tmp_path / FILES[kind]).write_bytes(pickle.dumps(_Mark(str(tmp_path / "marker")), protocol=protocol))
        with pytest.raises(UsageError, match="MODEL-003"):
            load(kind, tmp_path)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("kind", ["random_forest", "mlp"])
@pytest.mark.parametrize("inside", ["objects", "pickle", "compressed", "more", "twice"])
def test_arrays_with_something_else_among_them_are_refused_unread(kind: str, inside: str, models: Models, tmp_path: Path) -> None:
    with zipfile.ZipFile(BytesIO(models(kind, "binary").content())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    mark = np.array([_Mark(str(tmp_path / "marker"))], dtype=object)
    objects, plain = BytesIO(), BytesIO()
    np.save(objects, mark, allow_pickle=True)
    np.save(plain, np.zeros(3), allow_pickle=False)
    names = list(members)
    if inside == "objects":
        members[names[-1]] = objects.getvalue()
    elif inside == "pickle":
        members[names[-1]] = pickle.dumps(mark[0])
    elif inside == "more":
        members["more.npy"] = plain.getvalue()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED if inside == "compressed" else zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        if inside == "twice":
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr(names[0], members[names[0]])
    _refused(kind, packed.getvalue())
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_lists_of_another_length_are_refused(kind: str, models: Models) -> None:
    value = json.loads(models(kind, "multiclass").content())
    for name in ("weights", "scales", "medians", "names"):
        _refused("logistic", json.dumps({**value, name: value[name][:-1]}).encode())
