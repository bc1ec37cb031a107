"""The desk's week: when people write, and when they are answered. Moments are seconds since 1970, UTC."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

HOUR = 3600.0
DAY = 24 * HOUR
DAYS = 120  # so far back reach the tickets

# How much is written on a weekday (Monday is 0) and in an hour of the desk's zone, in no particular unit.
BY_WEEKDAY = (135, 112, 104, 100, 86, 24, 16)
BY_HOUR = (
    2, 1, 1, 1, 1, 2, 8, 26, 64, 96, 112, 104, 62, 78, 104, 108, 92, 64, 36, 24, 20, 16, 10, 5,
)  # fmt: skip

# When answers are written: hours of the desk's zone, a short duty on Saturdays.
SHIFTS = {**dict.fromkeys(range(5), ((8.25, 12.5), (13.0, 17.75))), 5: ((10.0, 13.5),)}
AWAKE = (7.0, 22.5)


class Week:
    """The hours around a desk's present moment."""

    def __init__(self, zone: ZoneInfo, now: datetime) -> None:
        self.now = now.timestamp()
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        self._days = [midnight + timedelta(days=n) for n in range(-DAYS, 40)]
        self._starts = [day.timestamp() for day in self._days]
        self._shifts = list(self._spans())
        self._worked = [0.0, *accumulate(end - start for start, end in self._shifts)]
        self._shift_starts = [start for start, _end in self._shifts]

    def arrivals(self, count: int, start: float, end: float, rng: random.Random) -> list[float]:
        """Return so many moments between two, as people write, in order."""
        hours = [start + n * HOUR for n in range(max(1, int((end - start) // HOUR)))]
        growth = 0.25 / max(1.0, end - start)
        moods = [rng.uniform(0.8, 1.2) for _ in self._starts]  # no two Mondays are the same
        weights = [self.liveliness(hour) * moods[self._day(hour)] * (1 + growth * (hour - start)) for hour in hours]
        chosen = rng.choices(hours, cum_weights=list(accumulate(weights)), k=count)
        return sorted(min(hour + rng.random() * HOUR, end) for hour in chosen)

    def liveliness(self, moment: float) -> float:
        """How much is written in the hour of this moment."""
        day = self._day(moment)
        hour = int((moment - self._starts[day]) // HOUR)
        return BY_WEEKDAY[self._days[day].weekday()] * BY_HOUR[min(hour, 23)]

    def after_work(self, moment: float, seconds: float) -> float:
        """Return when so many working seconds have gone by."""
        target = self._worked_until(moment) + seconds
        span = min(bisect_left(self._worked, target), len(self._shifts)) - 1
        return max(moment, self._shifts[span][0] + target - self._worked[span])

    def when_awake(self, moment: float, rng: random.Random) -> float:
        """Return this moment, or one of the next morning when it is night."""
        day = self._day(moment)
        hour = (moment - self._starts[day]) / HOUR
        if AWAKE[0] <= hour < AWAKE[1]:
            return moment
        morning = self._starts[day if hour < AWAKE[0] else day + 1]
        return morning + rng.uniform(AWAKE[0], AWAKE[0] + 3) * HOUR

    def _worked_until(self, moment: float) -> float:
        span = bisect_right(self._shift_starts, moment) - 1
        if span < 0:
            return 0.0
        start, end = self._shifts[span]
        return self._worked[span] + min(moment, end) - start

    def _day(self, moment: float) -> int:
        return max(0, min(bisect_right(self._starts, moment) - 1, len(self._starts) - 2))

    def _spans(self) -> Iterator[tuple[float, float]]:
        for day, start in zip(self._days, self._starts, strict=True):
            for opens, closes in SHIFTS.get(day.weekday(), ()):
                yield start + opens * HOUR, start + closes * HOUR
