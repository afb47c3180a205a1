"""Which secret does a project mean by ${NAME}? What the environment holds; the project file itself holds none."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from steward.core.errors import Fault, UsageError

_REFERENCE = re.compile(r"\$\{(\w+)\}")


def expand_secret(text: str, environ: Mapping[str, str], *, key: str) -> str:
    """Return what the environment holds under the name that a project file mentions.

    Args:
        text: `${NAME}`, as the project file has it.
        environ: the environment, read by whoever starts everything.
        key: where in the project file it stands, for the message.

    Raises:
        UsageError: DATA-098 the environment has no such name, DATA-099 something else than a name stands there. Neither
            repeats what stands there or in the environment.
    """
    reference = _REFERENCE.fullmatch(text)
    if reference is None:
        why = "a project file is shared and kept for years; what opens a database must not be in it"
        fix = f"write  {key.rpartition('.')[2]}: ${{DATABASE_URL}}  and, in your shell,  export DATABASE_URL=..."
        raise UsageError(Fault("DATA-099", f"{key} must name a variable of the environment", ("project.yaml",), why, fix))
    name = reference[1]
    if environ.get(name):
        return environ[name]
    close = get_close_matches(name, list(environ), n=1)
    fix = f"did you mean ${{{close[0]}}}?" if close else f"export {name}=..."
    raise UsageError(Fault("DATA-098", f"the environment has no {name}, which {key} names", ("project.yaml",), fix=fix))
