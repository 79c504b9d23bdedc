"""An Optuna study in a database, its sampler kept in a file, resumed by a second process."""

from __future__ import annotations

import pickle
from pathlib import Path

import optuna
from telling import attempt, tell

optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -1, 1)
    kind = trial.suggest_categorical("kind", ["a", None, 3])
    trial.set_user_attr("note", {"a": [1, 2]})
    return x * x + (kind is None)


def main() -> None:
    path = Path("sampler.pkl")
    if path.exists():
        sampler = pickle.loads(path.read_bytes())
    else:
        sampler = optuna.samplers.TPESampler(seed=0, n_startup_trials=2)
    study = optuna.create_study(
        study_name="s", storage="sqlite:///study.sqlite", sampler=sampler, load_if_exists=True
    )
    study.optimize(objective, n_trials=4)
    tell("values", [round(trial.value, 6) for trial in study.trials])
    path.write_bytes(pickle.dumps(study.sampler))
    memory = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    memory.optimize(objective, n_trials=2)
    saved = Path("study.pkl")
    if saved.exists():
        attempt("a study", lambda: round(pickle.loads(saved.read_bytes()).best_value, 6))
    saved.write_bytes(pickle.dumps(memory))


if __name__ == "__main__":
    main()
