"""What the site adds to the pages: the list of decisions, which on GitHub is the folder itself."""

from pathlib import Path
from typing import Any

_DECISIONS = "decisions/README.md"


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Appends a link to every decision to their page."""
    if page.file.src_uri != _DECISIONS:
        return markdown
    folder = Path(config.docs_dir) / "decisions"
    links = []
    for path in sorted(folder.glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ").strip()
        number, _, rest = title.partition(". ")
        name = rest if number.isdigit() else title
        links.append(f"- {int(path.name[:4])}: [{name}]({path.name})")
    return "\n".join([markdown, *links, ""])
