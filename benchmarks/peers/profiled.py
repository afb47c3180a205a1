"""The ten green months read with pandas and described by ydata-profiling; arguments: DATA_FOLDER.

In its favour: its smallest report (no correlations, no interactions), and nothing is checked, cleaned or kept.
"""

import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

from measure import report_work
from plain_pandas import pd, read_month

warnings.simplefilter("ignore")

from ydata_profiling import ProfileReport


def work(data: Path, out: Path) -> Mapping[str, object]:
    """Do all of it."""
    rows = pd.concat([read_month(path) for path in sorted((data / "taxi" / "green").iterdir())], ignore_index=True)
    ProfileReport(rows, minimal=True, progress_bar=False).to_file(out / "report.html")
    return {"rows": len(rows)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        report_work(lambda: work(Path(sys.argv[1]), Path(folder)))
