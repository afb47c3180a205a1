"""Was this heart ill?

The models read the examination's own columns; what the Kaggle copy numbers differently is put right by the
cleaning rules of project.yaml before anything is learned.
"""

from steward.features.column import Column, choose, recode


def disease(diagnosis: Column, kaggle_target: Column) -> Column:
    """The target: `present` where a vessel is narrowed by more than half, else `absent`; null where neither file says."""
    uci = recode(diagnosis, {0: "absent", 1: "present", 2: "present", 3: "present", 4: "present"})
    # 1 is healthy in the copy
    return choose(diagnosis.is_null(), recode(kaggle_target, {0: "present", 1: "absent"}), uci)
