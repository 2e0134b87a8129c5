"""Keeps Alertmanager's silences true to the calendar, whatever happened to either meanwhile."""

from __future__ import annotations

from sereno.core.clock import Clock, utc_now
from sereno.respond.maintenance.ports import ListedSilence, Silencer
from sereno.respond.maintenance.service import Calendar
from sereno.respond.maintenance.silences import Matcher, Silence, plan, wanted_silences


class SilenceKeeper:
    """The worker's part: silences are made as soon as a maintenance is planned, and again when they were lost."""

    def __init__(self, calendar: Calendar, silencer: Silencer, *, clock: Clock = utc_now) -> None:
        self._calendar = calendar
        self._silencer = silencer
        self._clock = clock

    def keep(self) -> None:
        """Make what is missing, end what is not wanted any more. Raises Unavailable; the next turn does the rest."""
        now = self._clock()
        wanted = wanted_silences(self._calendar.ahead(), now)
        present = [_present(each) for each in self._silencer.silences() if each.state != "expired"]
        to_do = plan(wanted, present, now)
        for each in to_do.create:
            conditions = {(one.name, one.value, one.is_regex, one.is_equal) for one in each.matchers}
            self._silencer.silence(conditions, each.starts_at, each.ends_at, author=each.author, comment=each.comment)
        for each in to_do.expire:
            self._silencer.expire_silence(each.id)


def _present(each: ListedSilence) -> Silence:
    matchers = frozenset(Matcher(*condition) for condition in each.conditions)
    return Silence(matchers, each.starts_at, each.ends_at, each.comment, each.author, each.id)
