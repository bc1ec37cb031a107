"""A clock that tests move by hand."""

import datetime as dt


class FrozenClock:
    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def now(self) -> dt.datetime:
        return self.moment

    def tick(self, **span: float) -> dt.datetime:
        self.moment += dt.timedelta(**span)
        return self.moment
