"""APScheduler's job store in a database, found again by a second process."""

from __future__ import annotations

import datetime

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from telling import tell


def work(n: int, *, word: str = "") -> None:
    """Do nothing."""


def main() -> None:
    scheduler = BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(url="sqlite:///jobs.sqlite")}, timezone="UTC"
    )
    scheduler.start(paused=True)
    tell("found", sorted(job.id for job in scheduler.get_jobs()))
    start = datetime.datetime(2040, 1, 1, tzinfo=datetime.timezone.utc)
    combined = OrTrigger([CronTrigger(hour=3, timezone="UTC"), CronTrigger(hour=5, timezone="UTC")])
    adding = {"replace_existing": True}
    scheduler.add_job(work, "interval", [1], {"word": "x"}, "interval", hours=2,
                      start_date=start, **adding)  # fmt: skip
    scheduler.add_job(work, "cron", [2], id="cron", hour=4, timezone="UTC", **adding)
    scheduler.add_job(work, "date", [3], id="date", run_date=start, **adding)
    scheduler.add_job(work, combined, [4], id="combined", **adding)
    for job in sorted(scheduler.get_jobs(), key=lambda job: job.id):
        tell(job.id, [job.func.__name__, repr(job.args), repr(job.kwargs), repr(job.trigger)])
    scheduler.shutdown()


if __name__ == "__main__":
    main()
