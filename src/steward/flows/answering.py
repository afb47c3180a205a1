"""What is done to the winner's answers, and how sure are they? Found on validation rows, which it has not learnt from."""

from steward.core.errors import Fault, UsageError
from steward.core.tasks import Label
from steward.models.answer import AnswerRule
from steward.models.calibrate import Calibration, choose_calibration, fit_calibration
from steward.models.conformal import fit_margin
from steward.models.threshold import Costs, choose_threshold
from steward.models.train import Trained
from steward.models.zoo import Array, Sample
from steward.project.read import Project
from steward.project.training import TrainingSpec

_SEED = 7


def answer_rule(project: Project, chosen: Trained, validation: Sample, classes: tuple[Label, ...]) -> AnswerRule:
    """Return the calibration and the threshold that the project asks for; of a quantity, how far the truth may lie from it.

    Args:
        project: the declaration.
        chosen: fitted to the training rows.
        validation: matrix and truth of other rows.
        classes: the labels of the codes; none for a quantity.

    Raises:
        UsageError: MODEL-023 a quantity has no probabilities to calibrate, or there is no threshold between so many classes.
    """
    training = project.spec.training
    _refuse_misfit(training, classes)
    if chosen.model is None or (classes and training.calibrate == "never" and training.threshold is None):
        return AnswerRule()
    predicted, truth = chosen.model.predict(validation[0]), validation[1]
    if not classes:
        return AnswerRule(margin=fit_margin(truth, predicted))
    calibration = _calibration(training, truth, predicted)
    answered = predicted if calibration is None else calibration.apply(predicted)
    asked = training.threshold
    if asked is None:
        return AnswerRule(calibration)
    costs = Costs(asked.false_positive, asked.false_negative)
    return AnswerRule(calibration, choose_threshold(truth, answered, metric=asked.metric, costs=costs).value)


def _calibration(training: TrainingSpec, truth: Array, predicted: Array) -> Calibration | None:
    match training.calibrate:
        case "never":
            return None
        case "auto":
            return choose_calibration(truth, predicted, seed=_SEED).calibration
        case kind:
            return fit_calibration(kind, truth, predicted)


def _refuse_misfit(training: TrainingSpec, classes: tuple[Label, ...]) -> None:
    if not classes and training.calibrate != "never":
        what = "a quantity has no probabilities to calibrate"
        raise UsageError(Fault("MODEL-023", what, ("project.yaml: training.calibrate",), fix="take it out"))
    if training.threshold is not None and len(classes) != 2:  # noqa: PLR2004 - this side of it, or the other
        what = f"a threshold parts two classes, and the target has {len(classes) or 'none'}"
        raise UsageError(Fault("MODEL-023", what, ("project.yaml: training.threshold",), fix="take it out"))
