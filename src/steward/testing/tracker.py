"""A tracker in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from steward.core.errors import EnvironmentFault, Fault
from steward.registry.tracking import Alias, Experiment, Tracked


@dataclass
class MemoryTracker:
    """Keeps experiments by key, aliases by model and documents by run; numbers versions of a model from 1."""

    experiments: dict[str, Experiment] = field(default_factory=dict)
    aliases: dict[tuple[str, Alias], str] = field(default_factory=dict)
    documents: dict[str, dict[str, bytes]] = field(default_factory=dict)
    _tracked: dict[str, Tracked] = field(default_factory=dict)

    def log(self, experiment: Experiment) -> Tracked:
        """Record a version once; the same key again completes what is there."""
        self.experiments[experiment.key] = experiment
        if experiment.key not in self._tracked:
            before = sum(known.model == experiment.model for known in self.experiments.values())
            self._tracked[experiment.key] = Tracked(f"run-{experiment.model}-{before}", str(before))
        tracked = self._tracked[experiment.key]
        self.documents.setdefault(tracked.run_id, {}).update(experiment.documents)
        return tracked

    def point(self, model: str, alias: Alias, tracked: Tracked | None) -> None:
        """Let an alias follow Steward's own pointer; None takes it away."""
        if tracked is None:
            self.aliases.pop((model, alias), None)
            return
        self._refuse_unknown(tracked)
        self.aliases[model, alias] = tracked.version

    def attach(self, model: str, tracked: Tracked, documents: Mapping[str, bytes]) -> None:  # noqa: ARG002 - runs are known by id
        """Put documents beside what is recorded of a version."""
        self._refuse_unknown(tracked)
        self.documents[tracked.run_id].update(documents)

    def _refuse_unknown(self, tracked: Tracked) -> None:
        if tracked.run_id not in {known.run_id for known in self._tracked.values()}:
            raise EnvironmentFault(Fault("TRACK-001", f"no version is tracked as {tracked.run_id}"))
