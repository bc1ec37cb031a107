"""Stories in a real browser, against the real server with its worker."""

import pytest

# one worker runs them all, so that a run has one server and one browser
BROWSER = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
