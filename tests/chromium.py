"""The browser of the tests: the Chromium that `./run test` found, or one from the path."""

import os
import shutil

import pytest

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
NEEDED = "no Chromium: install one or name it in CHROMIUM=…"


def executable() -> str:
    """Where it is; without one the test is skipped, or fails where REQUIRE_BROWSER is set."""
    for name in (os.environ.get("CHROMIUM"), *NAMES):
        if name and (found := shutil.which(name)):
            return found
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(NEEDED)
    pytest.skip(NEEDED)
