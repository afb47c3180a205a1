"""What becomes of a challenge whose champion is champion no more?"""

from steward.flows.ports import Ports
from steward.serving.challenge import Ended


def end_overtaken(model: str, ports: Ports) -> None:
    """End the challenge that is on where it was of another champion: it must not come back with that one, at a larger share."""
    on, champion = ports.challenges.now(model), ports.registry.champion(model)
    if on is not None and champion is not None and on.against != champion.number:
        ports.challenges.end(on.id, Ended(ports.clock.now(), "overtaken"), {"by": champion.number}, actor=ports.actor)
