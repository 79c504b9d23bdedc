"""Fixtures for tests that work with the package as a user has it: built, installed, hook live.

- `sdist` and `wheel`: paths, built once per session, the wheel from the sdist.
- `environment`: a fresh virtual environment with the wheel installed by pip, in which the
  libraries of the test environment (numpy, scikit-learn, pandas, joblib, torch) are importable.
- `scratch`: the same for one test alone, which may damage it.
- `own_home`: this process's cache, config and state folders under the test's ``tmp_path``.
- `library`: writes packages into a site folder of the test's own, as pip would have installed them.
- `run`: runs an unchanged script in a child interpreter of that environment, with a home, cache,
  config and state folder of its own under the test's ``tmp_path``.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
import venv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Enough for a cold `import torch` next to another test run on two cores.
TIMEOUT = 120.0


class Environment(NamedTuple):
    """A virtual environment: its folder, its interpreter, its site-packages."""

    root: Path
    python: Path
    site_packages: Path


class Completed(NamedTuple):
    """How a child interpreter ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


class Runner:
    """What the `run` fixture gives: call it with a script, look at its folders afterwards.

    Attributes
    ----------
    folder
        Where the scripts are written and run (``__main__.__file__``'s folder and the working
        directory). Put modules that a script imports there, and files beside it.
    home
        The child's ``HOME``; ``cache``, ``config`` and ``state`` are the XDG folders in it.
    """

    def __init__(self, python: Path, tmp_path: Path) -> None:
        self.python = python
        self.folder = tmp_path / "program"
        self.home = tmp_path / "home"
        self.cache = self.home / ".cache"
        self.config = self.home / ".config"
        self.state = self.home / ".local" / "state"
        for folder in (self.folder, self.home):
            folder.mkdir()

    def variables(
        self, mode: str | None = None, env: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return the child's environment: nothing of the parent's but where programs are."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
        }
        variables |= {
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "XDG_CACHE_HOME": str(self.cache),
            "XDG_CONFIG_HOME": str(self.config),
            "XDG_STATE_HOME": str(self.state),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
        }
        if mode is not None:
            variables["PICKLEBALL_MODE"] = mode
        return variables | dict(env or {})

    def __call__(
        self,
        script: str,
        *args: str | os.PathLike[str],
        env: Mapping[str, str] | None = None,
        mode: str | None = None,
        python_flags: Sequence[str] = (),
        python: str | os.PathLike[str] | None = None,
        timeout: float = TIMEOUT,
        name: str = "script.py",
    ) -> Completed:
        """Write a script into `folder` and run it; nothing is raised for its exit status.

        Parameters
        ----------
        script
            The script's text.
        *args
            Its arguments.
        env
            More environment variables.
        mode
            The value of ``PICKLEBALL_MODE``; not set by default.
        python_flags
            Flags of the interpreter, such as ``["-I"]``.
        python
            Another interpreter than the environment's.
        timeout
            Seconds until the child is killed and `subprocess.TimeoutExpired` is raised.
        name
            The script's file name.
        """
        path = self.folder / name
        path.write_text(script, encoding="utf-8")
        return self.command(
            [python or self.python, *python_flags, path, *args], mode=mode, env=env, timeout=timeout
        )

    def command(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        env: Mapping[str, str] | None = None,
        mode: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Completed:
        """Run any command with the child's environment variables, in `folder`."""
        done = subprocess.run(
            [os.fspath(part) for part in command],
            cwd=self.folder,
            env=self.variables(mode, env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)


class Library:
    """What the `library` fixture gives: installed distributions, made of source texts.

    Attributes
    ----------
    folder
        The site folder, first on ``sys.path``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def install(
        self, name: str, files: Mapping[str, str | bytes], version: str = "1.0", record: bool = True
    ) -> None:
        """Write the files of a distribution, and its metadata with a ``RECORD``."""
        for path, content in files.items():
            self.write(path, content)
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        self.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        if record:
            rows = [*files, f"{info}/METADATA", f"{info}/RECORD"]
            self.write(f"{info}/RECORD", "".join(f"{row},,\n" for row in rows))
        self.forget()

    def write(self, path: str, content: str | bytes) -> Path:
        """Write one file that belongs to no distribution."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = textwrap.dedent(content).encode()
        target.write_bytes(content)
        return target

    def module(self, source: str, name: str = "acme") -> None:
        """Install a distribution that is one module."""
        self.install(name, {f"{name}.py": source})

    def forget(self) -> None:
        """Let everything be looked up anew."""
        from policy_cache import policies

        importlib.invalidate_caches()
        policies.forget()


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this process empty cache, config and state folders."""
    from pickleball_hook.user import settings

    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PICKLEBALL_QUIET", "1")
    settings.refresh()
    yield
    monkeypatch.undo()
    settings.refresh()


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """Return a `Library` in a site folder of the test's own, with a policy cache of its own."""
    from policy_cache import policies

    known = set(sys.modules)
    monkeypatch.setenv("PICKLEBALL_CACHE", str(tmp_path / "policies"))
    monkeypatch.setattr(policies, "_disk", None)
    made = Library(tmp_path / "site")
    monkeypatch.syspath_prepend(str(made.folder))
    yield made
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(made.folder)):
            del sys.modules[name]
    made.forget()


@pytest.fixture(autouse=True)
def neutral_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own PICKLEBALL_* variables out of every test."""
    for name in [name for name in os.environ if name.startswith("PICKLEBALL_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def bytes_from_elsewhere() -> None:
    """Let what a test pickles be judged as if it came from another process."""
    from pickleball_hook.doors import own

    own.remember_nothing()


@pytest.fixture(autouse=True)
def plain_loaders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests compare with CPython's own loaders, which the backstop would take for early ones."""
    from pickleball_hook.net import backstop

    monkeypatch.setattr(backstop, "check", lambda *arguments: None)


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from the sdist; return the folder they are in."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    checked(command)
    return folder


@pytest.fixture(scope="session")
def sdist(distributions: Path) -> Path:
    """Return the path of the built sdist."""
    (path,) = distributions.glob("*.tar.gz")
    return path


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    """Return the path of the built wheel."""
    (path,) = distributions.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return a virtual environment with the wheel installed; do not install more into it."""
    made = new_environment(tmp_path_factory.mktemp("environment") / "venv")
    pip(made, "install", "--no-deps", wheel)
    return made


@pytest.fixture
def scratch(wheel: Path, tmp_path: Path) -> Environment:
    """Return an environment of the test's own, which it may damage.

    The wheel is unpacked into it, which takes a fraction of the time of an installation.
    """
    made = new_environment(tmp_path / "scratch")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(made.site_packages)
    return made


@pytest.fixture
def run(environment: Environment, tmp_path: Path) -> Iterator[Runner]:
    """Return a `Runner` for unchanged scripts in `environment`."""
    yield Runner(environment.python, tmp_path)


def new_environment(folder: Path) -> Environment:
    """Make a virtual environment in which the test environment's libraries can be imported.

    They come through a path line, so that their own ``.pth`` files are not run there, and after
    the environment's own site-packages, so that what is installed into it wins.
    """
    venv.create(folder, symlinks=os.name != "nt")
    scripts, executable = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    python = folder / scripts / executable
    site_packages = Path(
        checked([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    )
    libraries = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (site_packages / "zz_test_libraries.pth").write_text("\n".join(libraries) + "\n")
    return Environment(folder, python, site_packages)


def pip(environment: Environment, *arguments: str | os.PathLike[str]) -> str:
    """Run the test environment's pip on another environment and return what it printed."""
    return checked(
        [sys.executable, "-m", "pip", "--python", str(environment.python)]
        + [os.fspath(argument) for argument in arguments]
    )


def checked(command: Sequence[str]) -> str:
    """Run a command that must succeed and return its stdout, without surrounding white space."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
