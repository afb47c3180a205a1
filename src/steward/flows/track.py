"""How do the trackers come to know of a version, and their aliases to follow the pointer?

The pointer in the database is the truth; trackers mirror it and are repaired from it.
"""

from collections.abc import Mapping

from steward.core.errors import EnvironmentFault
from steward.deploy.challenger import challenger
from steward.flows.beside import tracked_as
from steward.flows.ports import Ports
from steward.flows.version_record import experiment_of
from steward.registry.tracking import Alias, Tracked
from steward.registry.versions import Version

# Which change of the pointer the trackers' aliases were told of, among a version's facts.
_FOLLOWED = "followed"


def tell(version: Version, ports: Ports, so_far: Mapping[str, object] | None = None) -> Tracked:
    """Tell the trackers of a version - once, however often - and note where they keep it.

    `so_far` is the result of its run where that still goes on.

    Raises:
        Refused: BUNDLE-xxx its bundle is not what was recorded.
    """
    tracked = _record(version, ports, so_far)
    follow(version.model, ports)
    return tracked


def tell_all(model: str, ports: Ports) -> tuple[Tracked, ...]:
    """Tell the trackers of every version of a model: after one was lost, or another one added."""
    told = tuple(_record(version, ports) for version in ports.registry.versions(model))
    follow(model, ports)
    return told


def follow(model: str, ports: Ports) -> None:
    """Let the aliases show champion and challenger of now; a version that the tracker lost is told again first."""
    champion = ports.registry.champion(model)
    versions = ports.registry.versions(model)
    first = next((version for version in versions if champion and version.number == champion.number), None)
    ahead: Mapping[Alias, Version | None] = {"champion": first, "challenger": challenger(versions, champion)}
    for alias, version in ahead.items():
        if version is None:
            ports.tracker.point(model, alias, None)
        else:
            _point(alias, version, ports)
    if champion is not None:
        ports.registry.note(model, champion.number, {_FOLLOWED: champion.sequence})


def catch_up(model: str, ports: Ports) -> None:
    """Let the aliases follow where a process was killed after it had moved the pointer and before it could tell of it."""
    champion = ports.registry.champion(model)
    if champion is None:
        return
    if ports.registry.version(model, champion.number).facts.get(_FOLLOWED) != champion.sequence:
        follow(model, ports)


def _record(version: Version, ports: Ports, so_far: Mapping[str, object] | None = None) -> Tracked:
    tracked = ports.tracker.log(experiment_of(version, ports, so_far))
    where = {"mlflow_run": tracked.run_id, "mlflow_version": tracked.version}
    also = {"also_tracked": dict(tracked.also)} if tracked.also else {}
    ports.registry.note(version.model, version.number, {**where, **also})
    return tracked


def _point(alias: Alias, version: Version, ports: Ports) -> None:
    tracked = tracked_as(version) or _record(version, ports)
    try:
        ports.tracker.point(version.model, alias, tracked)
    except EnvironmentFault:  # its database is another one than when the version was told
        ports.tracker.point(version.model, alias, _record(version, ports))
