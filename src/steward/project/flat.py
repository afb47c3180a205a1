"""How are nested settings written one to a line, so that they can be listed and compared?"""

from collections.abc import Iterable, Mapping, Sequence


def flat(value: object, name: str = "") -> dict[str, str]:
    """Return a JSON value as texts by dotted name; what is empty is left out.

    Items of a list of objects go by their kind or name, two of a kind as ``lightgbm`` and ``lightgbm-2``, else by their place.

    >>> flat({"split": {"train": ["2023-01", "2023-02"], "seed": 7}})
    {'split.train': '2023-01, 2023-02', 'split.seed': '7'}
    >>> flat({"candidates": [{"kind": "mean"}, {"kind": "linear", "alpha": 1.0}]})
    {'candidates.mean.kind': 'mean', 'candidates.linear.kind': 'linear', 'candidates.linear.alpha': '1.0'}
    """
    if isinstance(value, Mapping):
        return _joined(name, value.items())
    if isinstance(value, list | tuple):
        if any(isinstance(item, Mapping) for item in value):
            return _joined(name, zip(_labels(value), value, strict=True))
        return {name: ", ".join(str(item) for item in value)} if value else {}
    return {} if value is None or value == "" else {name: str(value)}


def _joined(name: str, parts: Iterable[tuple[str, object]]) -> dict[str, str]:
    return {key: text for part, inner in parts for key, text in flat(inner, f"{name}.{part}" if name else part).items()}


def _labels(items: Sequence[object]) -> list[str]:
    called = [item.get("kind") or item.get("name") if isinstance(item, Mapping) else None for item in items]
    own = [str(name or "") for name in called]
    before = [own[:place].count(name) for place, name in enumerate(own)]
    return [
        f"{name}-{seen + 1}" if seen and name else name or str(place)
        for place, (name, seen) in enumerate(zip(own, before, strict=True))
    ]
