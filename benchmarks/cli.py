"""How long does the command take to answer, and to carry the whole loop from two real months to a champion?"""

import json
import sys
import tempfile
from pathlib import Path

from measure import cpu_seconds, data_folder, keep, print_table

STEWARD = Path(sys.executable).with_name("steward")
TIMES = 7


def main() -> None:
    """Measure `steward --help` and `steward run taxi`."""
    help_cpu_s = min(cpu_seconds([STEWARD, "--help"])[0] for _ in range(TIMES))
    rows: list[list[object]] = [["steward --help, cpu s", help_cpu_s, "at most 0.30"]]
    data = data_folder()
    run_s, facts = _whole_loop(data) if data else (None, {})
    if run_s is not None:
        rows.append(["steward run taxi, wall s", run_s, "at most 30"])
    print("\nThe command")
    print_table(("what", "took", "aim"), rows)
    keep("cli", {"help_cpu_s": help_cpu_s, "run_wall_s": run_s, "run": facts})


def _whole_loop(data: Path) -> tuple[float, object]:
    with tempfile.TemporaryDirectory() as folder:
        env = {"STEWARD_HOME": f"{folder}/workspace", "STEWARD_DATA": str(data), "STEWARD_OFFLINE": "true"}
        _, wall_s, output = cpu_seconds([STEWARD, "run", "taxi", "--json"], env)
    return wall_s, json.loads(output).get("metrics")


if __name__ == "__main__":
    main()
