"""The ten green months read with pandas and described by ydata-profiling; arguments: DATA_FOLDER minimal|full.

Its smallest report has no correlations and no interactions; the full one is what it makes unasked. In favour of both:
nothing is checked, cleaned or kept.
"""

import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

from measure import report_work
from plain_pandas import pd, read_month
from ydata_profiling import ProfileReport


def work(data: Path, out: Path, *, minimal: bool) -> Mapping[str, object]:
    """Do all of it."""
    started = time.perf_counter()
    rows = pd.concat([read_month(path) for path in sorted((data / "taxi" / "green").iterdir())], ignore_index=True)
    read = time.perf_counter() - started
    warnings.simplefilter("ignore")
    ProfileReport(rows, minimal=minimal, progress_bar=False).to_file(out / "report.html")
    return {"rows": len(rows), "read_s": read}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        report_work(lambda: work(Path(sys.argv[1]), Path(folder), minimal=sys.argv[2] == "minimal"))
