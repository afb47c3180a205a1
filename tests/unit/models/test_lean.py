import json
import subprocess
import sys

SCRIPT = """
import json, sys
from steward.models.lean import load_lightgbm_alone

load_lightgbm_alone()
loaded = [name for name in ("lightgbm", "scipy", "sklearn", "pandas") if name in sys.modules]
import lightgbm, numpy as np

matrix = np.arange(200.0).reshape(100, 2)
booster = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(matrix, matrix[:, 0]), 5)
shap = booster.predict(matrix[:1], pred_contrib=True)
load_lightgbm_alone()
import pandas, sklearn

answers = booster.predict(matrix[:3]).tolist()
print(json.dumps([loaded, answers, shap.sum(), pandas.Series([1, 2]).sum().item(), sklearn.__name__]))
"""


def test_lightgbm_answers_and_explains_without_pandas_and_sklearn_which_can_be_imported_later() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    loaded, answers, shap, three, name = json.loads(done.stdout)
    assert loaded == ["lightgbm", "scipy"]
    assert abs(answers[0] - shap) < 1e-9
    assert len(answers) == 3
    assert (three, name) == (3, "sklearn")
