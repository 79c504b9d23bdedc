"""celery: a beat schedule that is found again after a restart, errors as results, a prefork pool."""

from __future__ import annotations

import datetime

from celery import Celery
from celery.beat import PersistentScheduler
from celery.schedules import crontab, schedule, solar
from telling import attempt, files, tell


class Trouble(Exception):
    def __init__(self, code: int, *, detail: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


app = Celery("tasks", broker="memory://", backend="cache+memory://")
app.conf.update(
    task_always_eager=True,
    task_store_eager_result=True,
    task_serializer="pickle",
    result_serializer="pickle",
    accept_content=["pickle"],
    beat_schedule={
        "often": {"task": "tasks.work", "schedule": datetime.timedelta(seconds=30), "args": (1,)},
        "daily": {"task": "tasks.work", "schedule": crontab(hour=3, minute=0), "args": (2,)},
        "every": {"task": "tasks.work", "schedule": schedule(10.0)},
    },
)


@app.task(name="tasks.work")
def work(n: int) -> object:
    if n < 0:
        raise Trouble(n, detail="below")
    return {"n": n, "at": datetime.date(2020, 1, n)}


def main() -> None:
    from celery.utils.serialization import get_pickleable_exception

    scheduler = PersistentScheduler(app=app, schedule_filename="beat")
    runs = {name: entry.total_run_count for name, entry in scheduler.schedule.items()}
    tell("runs so far", runs)
    for name, entry in list(scheduler.schedule.items()):
        if name == "often":
            scheduler.schedule[name] = next(entry)
    tell("schedules", {n: repr(e.schedule) for n, e in sorted(scheduler.schedule.items())})
    scheduler.sync()
    scheduler.close()
    tell("result", work.delay(3).get())
    attempt("failure", lambda: work.delay(-1).get())
    attempt("exception", lambda: repr(get_pickleable_exception(Trouble(1, detail="x"))))
    attempt("plain exception", lambda: repr(get_pickleable_exception(KeyError("x"))))
    from kombu.serialization import dumps, loads

    kind, encoding, body = dumps({"t": datetime.datetime(2020, 1, 1), "s": {1}}, "pickle")
    attempt("kombu", lambda: loads(body, kind, encoding, accept=["pickle"]))
    attempt("solar", lambda: repr(solar("sunset", -37.8, 144.9)))
    tell("files", [name for name in files(".") if name.startswith("beat")])


if __name__ == "__main__":
    main()
