"""The text of a dvc.yaml."""

from itertools import pairwise

import yaml

from steward.adapters.dvc import dvc_yaml
from steward.project.stages import stages

DECLARED = [f"trips/{name}" for name in ("project.yaml", "dictionary.yaml", "features.py", "simulator.py")]


def test_every_stage_names_its_command_what_it_reads_and_what_it_leaves() -> None:
    text = dvc_yaml(stages("trips", "trips", DECLARED, ["source/2023-01.csv"], "source"))
    found = yaml.safe_load(text)["stages"]
    assert list(found) == ["ingest", "process", "features", "train"]
    assert found["ingest"] == {
        "cmd": "steward ingest trips --params params.yaml --into . --data source",
        "deps": ["trips/project.yaml", "trips/dictionary.yaml", "trips/simulator.py", "source/2023-01.csv"],
        "params": ["source", "split.train", "split.test"],
        "outs": ["data/raw/trips.parquet"],
    }
    assert found["train"]["cmd"].startswith("steward run trips --until bundle")
    assert found["train"]["outs"] == ["models/trips"]
    assert found["train"]["metrics"] == [{"metrics.json": {"cache": False}}]


def test_each_stage_goes_on_with_what_the_one_before_it_leaves() -> None:
    described = stages("trips", ".", ["project.yaml", "features.py"], [], None)
    for earlier, later in pairwise(described):
        assert set(earlier.makes) <= set(later.reads)
    assert all("--data" not in stage.command for stage in described)


def test_odd_folders_are_quoted_and_never_filled_in() -> None:
    text = dvc_yaml(stages("trips", "my ${trips}; echo", [], [], None))
    assert yaml.safe_load(text)["stages"]["ingest"]["cmd"].startswith(r"steward ingest 'my \${trips}; echo' --params")
