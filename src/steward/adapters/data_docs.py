"""How do Great Expectations' pages open on a machine without a network?

They ask five other servers for their style and scripts, and one for a picture with the time of day in its address;
without these the first page stays empty. Here they get a style of their own, the picture that lies beside them and a
first page that needs no script. What the pages say stays as it is.
"""

import os
import re
from html import escape
from pathlib import Path

from steward.core.atomic import write_text_atomically

_STYLE = """\
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: #1f2933; background: #fff; }
.navbar { border-bottom: 1px solid #d9e0e6; padding: .5rem 1.5rem; display: flex; align-items: center; gap: 1rem; }
.breadcrumb { list-style: none; margin: 0; padding: 0; display: flex; gap: .75rem; flex-wrap: wrap; }
.container-fluid > .row { display: flex; gap: 2rem; padding: 1rem 1.5rem; align-items: flex-start; }
.ge-section > .row { display: block; padding: 0; }
.show-scrollbars { max-height: 16rem; overflow: auto; }
.col-lg-2 { flex: 0 0 15rem; position: sticky; top: 1rem; }
.col-lg-10 { flex: 1; min-width: 0; }
.card, .btn-group { display: none; }
.card.d-md-block { display: block; }
.nav { list-style: none; padding: 0; }
.alert { background: #eef2f5; border-radius: 4px; padding: .5rem .75rem; margin: .75rem 0; }
.alert h5, .m-0 { margin: 0; }
table { border-collapse: collapse; width: 100%; }
td, th { border-top: 1px solid #e4e9ed; padding: .35rem .6rem; text-align: left; vertical-align: top; }
.badge { background: #e4e9ed; border-radius: 4px; padding: 0 .35rem; font-family: ui-monospace, monospace; font-size: .9em; }
.text-success { color: #1a7f4b; } .text-danger { color: #b3261e; }
i.fas { font-style: normal; font-weight: 700; }
.fa-check-circle::before { content: "\\2714 holds"; } .fa-times::before { content: "\\2718 broken"; }
.fa-exclamation-triangle::before { content: "! "; }
.collapse { display: block; } .modal, .cooltip .top, footer, .ge-walkthrough-modal { display: none; }
a { color: #0b5cad; }
"""
_EXTERNAL = re.compile(r"<link\b[^>]*href=\"https?://[^>]*>|<script\b.*?</script>", re.DOTALL)
_PICTURE = re.compile(r"https?://[^\"']*/(logo-long|full_logo_dark)\.png[^\"']*")


def make_local(folder: Path, title: str) -> None:
    """Rewrite the pages of a folder so that they need nothing from elsewhere, and give them a first page.

    Args:
        folder: where Great Expectations wrote its site.
        title: what the first page is called.
    """
    write_text_atomically(folder / "static" / "styles" / "steward.css", _STYLE)
    for page in sorted(folder.rglob("*.html")):
        static = Path(os.path.relpath(folder / "static", page.parent)).as_posix()
        text = _EXTERNAL.sub("", page.read_text(encoding="utf-8"))
        text = _PICTURE.sub(f"{static}/images/logo-long.png", text)
        text = text.replace("</head>", f'<link rel="stylesheet" href="{static}/styles/steward.css">\n</head>', 1)
        write_text_atomically(page, text)
    write_text_atomically(folder / "index.html", _first_page(folder, title))


def _first_page(folder: Path, title: str) -> str:
    results, suites = (sorted((folder / kind).rglob("*.html")) for kind in ("validations", "expectations"))
    links = [("What the rows are", page) for page in results] + [("What is expected of them", page) for page in suites]
    items = "\n".join(
        f'<li><a href="{escape(page.relative_to(folder).as_posix())}">{escape(text)}</a></li>' for text, page in links
    )
    name = escape(title)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="UTF-8"><title>{name}: Data Docs</title>
<link rel="stylesheet" href="static/styles/steward.css"></head>
<body><div class="container-fluid"><div class="row"><div class="col-lg-10">
<h1>{name}: Data Docs</h1>
<p>Written by Great Expectations from the project's checks.</p>
<ul>
{items}
</ul>
</div></div></div></body></html>
"""
