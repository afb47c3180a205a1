"""How does another program ask a Steward server? In Python, typed, and with nothing of Steward but this file.

>>> with Client("http://127.0.0.1:8000", key="...") as steward:  # doctest: +SKIP
...     trip = steward.predict({"pickup_zone": 74, "dropoff_zone": 42, "pickup_at": "2024-01-31T08:15:00"})
...     steward.tell_outcome(trip.prediction_id, 12.5)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

Label = str | int | bool
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Interval:
    """Between which ends the truth lies with probability `level`, in the answer's unit."""

    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer and the version that gave it: a quantity in `unit`, or the most likely class with each one's probability.

    `arm` is ``challenger`` where a version that is tried beside the champion answered.
    """

    prediction_id: str
    prediction: float | Label
    unit: str
    model: str
    version: int
    probabilities: Mapping[str, float] = field(default_factory=dict)
    interval: Interval | None = None
    arm: str = "champion"


@dataclass(frozen=True, slots=True)
class Moved:
    """A feature, its value in the row (None where missing), and what it adds to the answer."""

    feature: str
    value: float | None
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an answer is what it is: `base`, the usual one, and all contributions sum to `total`, on `scale`.

    `about` is the class that is explained, empty for a quantity; `moved` has the strongest first.
    """

    prediction: float | Label
    unit: str
    model: str
    version: int
    about: str
    scale: str
    base: float
    total: float
    moved: tuple[Moved, ...]


class ServerSaidNo(Exception):  # noqa: N818 - it is an answer
    """An answer that is none: `field` is the part of the request it is about, `fix` what to do, `others` further mistakes.

    `retry_after_s` says when to ask again, where the server does.
    """

    def __init__(self, status: int, body: Mapping[str, Any], retry_after_s: float | None) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.message = str(body.get("message", ""))
        self.field: str | None = body.get("field")
        self.fix = str(body.get("fix", ""))
        self.others: tuple[Mapping[str, Any], ...] = tuple(body.get("others", ()))
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {self.code}: {self.message}" + (f"   fix: {self.fix}" if self.fix else ""))


class Client:
    """Asks one server; connections are kept open between questions, also for several threads at once.

    Args:
        address: where the server listens, as ``http://127.0.0.1:8000``.
        key: as `steward keys create` showed it; none for a server on the same machine that has no keys.
        timeout_s: after so many seconds without an answer httpx.TimeoutException is raised.
        transport: another way to the server than the network, for tests.
    """

    def __init__(
        self, address: str, *, key: str | None = None, timeout_s: float = 10.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout_s, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(self, row: Row, *, once: str | None = None) -> Prediction:
        """Return the answer to one row: column name to value.

        Args:
            row: column name to value; times as datetimes without a zone, or as ISO text.
            once: 1 to 200 visible ASCII signs, such as a UUID; asked again with the same ones, as after a broken connection, the
                server gives the same answer and keeps it once.

        Raises:
            ServerSaidNo: the row cannot be answered, this key may not ask, or the server cannot answer now.
            httpx.TransportError: the server cannot be reached.
        """
        return _prediction(self._ask("POST", "/predict", _plain(row), once))

    def predict_many(self, rows: Sequence[Row], *, once: str | None = None) -> list[Prediction]:
        """Return the answers to at most 1000 rows, in their order; raises as `predict`, and then none was answered."""
        said = self._ask("POST", "/predict", {"rows": [_plain(row) for row in rows]}, once)
        return [_prediction(one) for one in said["predictions"]]

    def explain(self, row: Row) -> Explanation:
        """Return what moves the answer to one row; asking why is no prediction."""
        return _explanation(self._ask("POST", "/explain", _plain(row)))

    def explain_earlier(self, prediction_id: str) -> Explanation:
        """Return what moved an earlier answer, by the version that gave it."""
        return _explanation(self._ask("POST", "/explain", {"prediction_id": prediction_id}))

    def tell_outcome(self, prediction_id: str, outcome: float | Label, *, at: datetime | None = None) -> str:
        """Tell what turned out to be true, or correct it.

        Args:
            prediction_id: of the answer.
            outcome: a quantity in the answer's unit, or the class.
            at: when it held, with a zone; now by default.

        Returns:
            ``known``, or ``unknown`` and ``unchecked`` where no prediction has this id yet, or nobody can say: it is kept.
        """
        told = {"prediction_id": prediction_id, "outcome": outcome, **({} if at is None else {"at": at.isoformat()})}
        return str(self._ask("POST", "/outcomes", told)["status"])

    def tell_outcomes(self, outcomes: Mapping[str, float | Label]) -> dict[str, str]:
        """Tell at most 1000 outcomes by their predictions' ids, and return for each what `tell_outcome` does."""
        told = [{"prediction_id": prediction, "outcome": outcome} for prediction, outcome in outcomes.items()]
        return {one["prediction_id"]: one["status"] for one in self._ask("POST", "/outcomes", {"outcomes": told})["outcomes"]}

    def model(self) -> Mapping[str, Any]:
        """Return which version answers, what it reads, how good it was and where it comes from."""
        return self._ask("GET", "/model")

    def _ask(self, method: str, path: str, body: object = None, once: str | None = None) -> Mapping[str, Any]:
        headers = {} if once is None else {"Idempotency-Key": once}
        answer = self._http.request(method, path, json=body, headers=headers)
        if answer.is_success:
            said: Mapping[str, Any] = answer.json()
            return said
        raise ServerSaidNo(answer.status_code, _error_body(answer), _seconds(answer.headers.get("Retry-After")))


def _plain(row: Row) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _prediction(said: Mapping[str, Any]) -> Prediction:
    interval = said.get("interval")
    return Prediction(
        prediction_id=said["prediction_id"],
        prediction=said["prediction"],
        unit=said["unit"],
        model=said["model"],
        version=said["version"],
        probabilities=dict(said.get("probabilities") or {}),
        interval=None if interval is None else Interval(interval["low"], interval["high"], interval["level"]),
        arm=said.get("arm", "champion"),
    )


def _explanation(said: Mapping[str, Any]) -> Explanation:
    moved = tuple(Moved(one["feature"], one["value"], one["contribution"]) for one in said["moved"])
    names = ("prediction", "unit", "model", "version", "about", "scale", "base", "total")
    return Explanation(**{name: said[name] for name in names}, moved=moved)


def _error_body(answer: httpx.Response) -> Mapping[str, Any]:
    """Return what the server says is wrong; something else between may have answered instead."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    return body if isinstance(body, Mapping) else {"message": answer.reason_phrase}


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None
