"""Accessibility of what is on the screen now, by axe-core, in the light and in the dark theme.

Scripts that a test evaluates are not the page's own, so its Content-Security-Policy stays as it is.
"""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = (Path(__file__).resolve().parent.parent / "vendor" / "axe.min.js").read_text()
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}  # all that another theme can change
# nothing is said of what passes, no paths to elements, no frames, no style sheets fetched anew
QUICK = {"resultTypes": ["violations"], "selectors": False, "elementRef": False, "iframes": False, "preload": False}


def violations(page: Page) -> list[str]:
    """What is wrong, one line a fault, with the element."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = _run(page, RULES, "light")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += _run(page, COLOURS, "dark")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


def _run(page: Page, rules: dict[str, Any], theme: str) -> list[str]:
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SOURCE)
    answer = page.evaluate("([rules, quick]) => axe.run(document, {runOnly: rules, ...quick})", [rules, QUICK])
    return [_told(fault, theme) for fault in answer["violations"]]


def _told(fault: dict[str, Any], theme: str) -> str:
    first = fault["nodes"][0]
    why = first["failureSummary"].splitlines()[-1].strip()
    return f"{theme}: {fault['id']}: {fault['help']}: {first['html'][:200]} ({why}), {len(fault['nodes'])} in all"
