"""What of LightGBM does a server need? The library itself, and not the ones it would rather know too.

Importing it loads scikit-learn and pandas where they are installed, only to know their classes when it is given one: 130 MB and
1.4 s in each process. A server gives it arrays and keeps what others did.
"""

import sys

_NOT_NEEDED = ("sklearn", "pandas")


def load_lightgbm_alone() -> None:
    """Import LightGBM as if scikit-learn and pandas were not installed; they can be imported later as ever.

    For a process that is ours from its beginning, and before it has threads. Where LightGBM is there already nothing happens.
    """
    if "lightgbm" in sys.modules:
        return
    hidden = [name for name in _NOT_NEEDED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # None stops an import: the language's reference, 5.3.1
    try:
        import lightgbm  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
