"""What is put beside a version in the tracker after it was told: reports and watched windows."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict

from steward.core.errors import EnvironmentFault
from steward.flows.ports import Ports
from steward.monitoring.history import WatchedWindow
from steward.registry.tracking import Tracked
from steward.registry.versions import Version


def attach(version: Version, documents: Mapping[str, bytes], ports: Ports) -> None:
    """Put documents beside what is tracked of a version; where that cannot be, it is said and nothing else happens."""
    tracked = tracked_as(version)
    if tracked is None:
        return
    try:
        ports.tracker.attach(version.model, tracked, documents)
    except EnvironmentFault as fault:
        ports.progress.noted(str(fault.faults[0].what))


def attach_window(version: Version, window: WatchedWindow, ports: Ports) -> None:
    """Put the verdict on a watched window beside the version that it was watched with."""
    name = re.sub(r"[^\w.-]+", "_", window.label)
    attach(version, {f"windows/{name}.json": json.dumps(asdict(window), indent=2, ensure_ascii=False).encode()}, ports)


def tracked_as(version: Version) -> Tracked | None:
    """Return where the first tracker keeps a version; None before it was told."""
    facts = version.facts
    return Tracked(str(facts["mlflow_run"]), str(facts["mlflow_version"])) if "mlflow_run" in facts else None
