"""What would a month look like in another world? Rows of the project's own form, made up on purpose."""

from pathlib import Path

from steward.core.errors import Fault, UsageError, unknown_name
from steward.data.simulate import load_simulator, simulate_file
from steward.flows.ports import Ports
from steward.project.periods import refuse_odd_period
from steward.project.read import Project


def simulate_month(project: Project, period: str, scenario: str, ports: Ports) -> tuple[Path, str]:
    """Write one simulated month and return its file and the scenario in a sentence."""
    if project.simulator_path is None:
        raise UsageError(Fault("SIM-001", f"{project.spec.name} has no simulator.py", fix="add one beside project.yaml"))
    refuse_odd_period(project, period)
    simulator = load_simulator(project.simulator_path)
    if scenario not in simulator.scenarios:
        raise unknown_name("scenario", scenario, simulator.scenarios, code="SIM-002", where=("--scenario",))
    spec = project.spec.source.simulator.model_copy(update={"scenario": scenario})
    return simulate_file(simulator, spec, period, ports.workspace.downloads), simulator.scenarios[scenario]
