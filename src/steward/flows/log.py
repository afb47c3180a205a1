"""Where does a process of a project write what it answered, would have answered, and what turned out to be true?"""

from steward.flows.ports import Ports
from steward.project.read import Project
from steward.serving.log import SegmentLog
from steward.serving.private import care_of, read_key, row_keeper


def open_log(project: Project, ports: Ports, worker: str) -> SegmentLog:
    """Return the prediction log, which hides what the project says.

    Args:
        project: its `serving` says how columns that need care are kept, and whether the disk is waited for.
        ports: the outside world.
        worker: tells the writers apart.

    Raises:
        EnvironmentFault: SERVE-090 the key of the hashes cannot be read.
    """
    care = care_of(project.dictionary, project.spec.serving)
    as_kept = row_keeper(care, read_key(ports.workspace.log_key)) if care.hidden else None
    folder = ports.workspace.predictions / project.spec.name
    return SegmentLog(folder, worker, sync=project.spec.serving.sync, as_kept=as_kept)


def open_outcome_log(project: Project, ports: Ports, worker: str) -> SegmentLog:
    """Return the log of outcomes; it is as safe as that of the predictions."""
    return SegmentLog(ports.workspace.outcomes / project.spec.name, worker, sync=project.spec.serving.sync)


def open_shadow_log(project: Project, ports: Ports, worker: str) -> SegmentLog:
    """Return the log of what challengers would have answered; it holds no rows: they stand in that of the predictions."""
    return SegmentLog(ports.workspace.shadows / project.spec.name, worker, sync=project.spec.serving.sync)
