"""How do versions appear in MLflow? A run with its candidates, a model version of it, the aliases.

MLflow mirrors Steward's registry and is repaired from it. It holds its own SQLite file, so that `mlflow ui` works on it
with nothing else running.
"""

from steward.adapters.mlflow.tracker import MlflowTracker

__all__ = ["MlflowTracker"]
