"""How long does one answer take in process, features and model together?

Called with the workspace that holds the champion.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from steward.bootstrap import Settings, build_ports
from steward.core.progress import Silent
from steward.flows.champion import load_champion

ROWS = 500


def main(home: Path) -> None:
    """Answer the champion's own self-test rows one by one and print the times."""
    bundle = load_champion(build_ports(Settings(home=home), Silent()), "taxi").bundle
    answer = bundle.few_rows()
    if answer is None:
        sys.exit("the features of this champion cannot be made without a frame")
    rows = [bundle.selftest.row(place % bundle.selftest.height, named=True) for place in range(ROWS)]
    for row in rows[:50]:
        answer([row])
    times = []
    for row in rows:
        began = perf_counter()
        answer([row])
        times.append(1000 * (perf_counter() - began))
    median, p99 = np.quantile(times, [0.5, 0.99])
    print(json.dumps({"median_ms": float(median), "p99_ms": float(p99)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
