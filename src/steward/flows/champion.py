"""Which model answers now? Loaded only after its files match the hashes recorded outside of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from steward.core.errors import Fault, Refused
from steward.core.workspace import Workspace
from steward.flows.ports import Ports
from steward.project.read import Project, read_project
from steward.registry.bundle import Bundle, read_bundle
from steward.registry.versions import Champion, Version

MOST_S = 20.0
"""Within which a version answers its stored rows, a few dozen at most."""


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """A version with its bundle in memory, verified and self-tested."""

    version: Version
    bundle: Bundle


def load_version(workspace: Workspace, version: Version) -> LoadedVersion:
    """Read a version's bundle; every file is verified first, then the stored rows are predicted again.

    Raises:
        Refused: BUNDLE-001 to BUNDLE-005 as `read_bundle` and its self-test have them, BUNDLE-006 it answers too slowly.
    """
    bundle = read_bundle(workspace.bundles / version.digest, version.files)
    began_s = monotonic()
    bundle.self_test()
    took_s = monotonic() - began_s
    if took_s > MOST_S:
        why = f"{bundle.selftest.height} stored rows took {took_s:.0f} s, {MOST_S:.0f} s are allowed"
        fix = "see what features.py does with a row, or serve on a machine with more room"
        raise Refused(Fault("BUNDLE-006", f"{version} answers too slowly to serve", (str(version),), why, fix))
    return LoadedVersion(version, bundle)


def project_of_champion(where: str, overrides: Sequence[str], ports: Ports) -> Project:
    """Return the project as the champion's run had changed it (months aside), with further overrides on top."""
    project = read_project(where, overrides)
    champion = ports.registry.champion(project.spec.name)
    if champion is None:
        return project
    trained_with = ports.registry.version(champion.model, champion.number).facts.get("overrides")
    kept = [str(text) for text in trained_with] if isinstance(trained_with, list) else []
    return read_project(where, tuple(dict.fromkeys((*kept, *overrides))))


def need_champion(ports: Ports, model: str) -> Champion:
    """Return the pointer; Refused REG-002 before the first promotion."""
    champion = ports.registry.champion(model)
    if champion is None:
        raise Refused(Fault("REG-002", f"{model} has no champion yet", fix=f"train one:  steward run {model}"))
    return champion


def load_champion(ports: Ports, model: str) -> LoadedVersion:
    """Return the champion, loaded and verified."""
    champion = need_champion(ports, model)
    return load_version(ports.workspace, ports.registry.version(model, champion.number))
