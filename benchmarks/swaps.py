"""Is a champion swapped while others ask, without a refusal, and without an answer of two minds?

Some connections ask the same row at a fixed pace, and keep every answer; meanwhile the real command changes the champion to and
fro. Each answer must be 2xx, its number must be that of the version it names, and it must be in the log once.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

CONNECTIONS = 16
PAUSE_S = 1.0
"""Between two swaps, after the command has ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """When it was asked for (seconds of `time.perf_counter`), its status, 0 for a broken connection, and what it says."""

    asked_at: float
    status: int
    prediction_id: str = ""
    version: int = 0
    prediction: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """When the champion changed, until when nothing else did (seconds of `time.perf_counter`), and to which version."""

    at: float
    until: float
    version: int


@dataclass(frozen=True, slots=True)
class Swapped:
    """What was seen; `old_ms` is, for each swap, how long after it in the database somebody still got the old one's answer."""

    swaps: int
    answers: int
    rate: float
    refused: int
    mixed: int
    old_ms: Sequence[float]
    ids: Collection[str]


def swap(port: int, body: str, commands: Sequence[Sequence[str]], env: Mapping[str, str], *, rate: float) -> Swapped:
    """Ask at a pace while the commands run one after another.

    Args:
        port: of the server, on loopback.
        body: JSON of one row.
        commands: each changes the champion and prints it as JSON.
        env: of the commands.
        rate: requests a second, over all connections.
    """
    return asyncio.run(_swap(port, body, commands, env, rate))


async def _swap(port: int, body: str, commands: Sequence[Sequence[str]], env: Mapping[str, str], rate: float) -> Swapped:
    answers: list[Answer] = []
    changes: list[Change] = []
    stopping = asyncio.Event()
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(_ask(port, body, CONNECTIONS / rate, answers, stopping))
        await asyncio.sleep(PAUSE_S)
        for command in commands:
            changes.append(await _change(command, env))
            await asyncio.sleep(PAUSE_S)
        stopping.set()
    return _judge(answers, changes, time.perf_counter() - began)


async def _change(command: Sequence[str], env: Mapping[str, str]) -> Change:
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    champion = json.loads(told)
    ago_s = (datetime.now(UTC) - datetime.fromisoformat(champion["since"])).total_seconds()
    now = time.perf_counter()
    return Change(now - ago_s, now + PAUSE_S, champion["number"])


async def _ask(port: int, body: str, pause_s: float, answers: list[Answer], stopping: asyncio.Event) -> None:
    """Ask at a pace until told to stop; the last answer is waited for."""
    content = body.encode()
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = time.perf_counter()
    with contextlib.closing(writer):
        while not stopping.is_set():
            asked_at = time.perf_counter()
            writer.write(head.encode() + content)
            try:
                answers.append(await _answer(reader, asked_at))
            except (OSError, asyncio.IncompleteReadError):
                answers.append(Answer(asked_at, 0))
                return
            due = max(due + pause_s, asked_at)
            await asyncio.sleep(due - time.perf_counter())


async def _answer(reader: asyncio.StreamReader, asked_at: float) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    content = await reader.readexactly(length)
    status = int(head.split(b" ", 2)[1])
    if status != 200:
        return Answer(asked_at, status)
    told = json.loads(content)
    return Answer(asked_at, status, told["prediction_id"], told["version"], told["prediction"])


def _judge(answers: Sequence[Answer], changes: Sequence[Change], seconds: float) -> Swapped:
    given = [answer for answer in answers if answer.status == 200]
    numbers = Counter((answer.version, answer.prediction) for answer in given)
    most = {version: max(count for (of, _), count in numbers.items() if of == version) for version, _ in numbers}
    return Swapped(
        swaps=len(changes),
        answers=len(answers),
        rate=len(answers) / seconds,
        refused=len(answers) - len(given),
        mixed=len(given) - sum(most.values()),
        old_ms=[_old_ms(given, change) for change in changes],
        ids=[answer.prediction_id for answer in given],
    )


def _old_ms(answers: Sequence[Answer], change: Change) -> float:
    """Return how long after a change somebody still asked and was answered by another version than the new one."""
    late = [one.asked_at for one in answers if change.at <= one.asked_at < change.until and one.version != change.version]
    return 1000 * max((asked_at - change.at for asked_at in late), default=0.0)
