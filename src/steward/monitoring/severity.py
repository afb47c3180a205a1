"""How bad is a change that chance does not explain, on the one scale from 0 to 1 that the policy reads?"""


def severity_of(excess: float, *, half_at: float) -> float:
    """Return 0 for no excess, 0.5 at `half_at`, and half of what is left to 1 for each further `half_at`.

    Args:
        excess: the change beyond chance and beyond what does not matter; negative counts as none.
        half_at: the excess that is worth 0.5, in the same unit; above 0.

    >>> [severity_of(excess, half_at=0.05) for excess in (-1.0, 0.0, 0.05, 0.1)]
    [0.0, 0.0, 0.5, 0.75]
    """
    return float(1 - 2.0 ** (-max(0.0, excess) / half_at))
