"""Django's file and database caches and sessions by pickle, warm in a second process."""

from __future__ import annotations

import datetime
import decimal

import django
from django.conf import settings
from telling import attempt, files, tell

settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth",
                    "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    CACHES={
        "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
                    "LOCATION": "cache"},
        "table": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cached"},
        "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    },
    USE_TZ=True,
)  # fmt: skip
django.setup()


def main() -> None:
    from django.contrib.auth.models import User
    from django.core.cache import caches
    from django.core.management import call_command
    from django.http import HttpResponse
    from django.utils.safestring import mark_safe
    from django.utils.translation import gettext_lazy

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    user, _ = User.objects.get_or_create(username="u")
    now = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    values = {
        "plain": {"a": [1, decimal.Decimal("1.5"), now]},
        "user": user,
        "query": User.objects.filter(username="u"),
        "rows": list(User.objects.values("username")),
        "safe": mark_safe("<b>"),
        "lazy": gettext_lazy("Name"),
        "response": HttpResponse("text", headers={"X": "1"}),
        "q": __import__("django.db.models", fromlist=["Q"]).Q(username="u"),
    }
    for alias in ("default", "table", "memory"):
        cache = caches[alias]
        for name, value in values.items():
            attempt(f"{alias}: {name} is there", lambda: cache.get(name) is not None)
            if not cache.has_key(name):
                cache.set(name, value, None)
            attempt(f"{alias}: {name}", lambda: told(cache.get(name)))
        attempt(f"{alias}: many", lambda: sorted(cache.get_many(values)))
        attempt(f"{alias}: add", lambda: [cache.add("n", 1), cache.incr("n")])
    tell("files", len(files("cache")))


def told(value: object) -> str:
    content = getattr(value, "content", None)
    return f"{type(value).__name__} {content or value!r}"


if __name__ == "__main__":
    main()
