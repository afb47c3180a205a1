"""The barest server of the same model: rows of finished features in, numbers out, one worker.

bare_server.py MODEL.txt --port PORT
"""

import sys

import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from lightgbm import Booster

booster = Booster(model_file=sys.argv[1])
app = FastAPI()


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    """Say that it runs."""
    return {"status": "ok"}


@app.post("/predict")
async def predict(request: Request) -> dict[str, list[float]]:
    """Answer rows of features."""
    values = np.array((await request.json())["values"], dtype=np.float64)
    return {"predictions": booster.predict(values, num_threads=1 if len(values) == 1 else 0).tolist()}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[sys.argv.index("--port") + 1]), log_level="warning")
