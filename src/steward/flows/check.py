"""What would a run refuse before it reads a single row?"""

import polars as pl

from steward.core.errors import Fault, StewardError
from steward.data.assemble import PERIOD
from steward.data.convert import DTYPES
from steward.flows.program import model_program, rule_program
from steward.project.read import Project
from steward.quality.fit import refuse_misfits


def feature_faults(project: Project) -> list[Fault]:
    """Return what is wrong with a project's features and rules, found by making them of no rows at all; leaks included."""
    tables = {
        name: pl.DataFrame(schema={spec.key: pl.Int64(), "lon": pl.Float64(), "lat": pl.Float64()})
        for name, spec in project.spec.lookups.items()
    }
    rows = pl.DataFrame(schema={name: DTYPES[column.type] for name, column in project.dictionary.columns.items()})
    try:
        model_program(project, tables).program.matrix(rows)
        types = rule_program(project).run(rows).schema
        refuse_misfits({**types, PERIOD: pl.String()}, (*project.spec.checks, *project.spec.cleaning))
    except StewardError as error:
        return list(error.faults)
    except pl.exceptions.PolarsError as error:
        why = str(error).splitlines()[0]
        return [
            Fault(
                "FEAT-012", "a feature cannot be made of columns of these types", ("features.py",), why, "check the types it reads"
            )
        ]
    return []
