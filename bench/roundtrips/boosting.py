"""xgboost, lightgbm and catboost: estimators, boosters and data sets."""

from __future__ import annotations

from typing import Any

import catboost
import lightgbm
import numpy as np
import xgboost
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from worker import Case

LIBRARIES = ("xgboost", "xgboost-cpu", "lightgbm", "catboost")
X, y = make_classification(60, 6, random_state=0)
QUIET = {"verbose": False, "iterations": 4, "allow_writing_files": False}
DIRECT = {"verbose": -1, "n_estimators": 4}


def halving(predictions: Any, data: Any) -> tuple[Any, Any]:
    return predictions - data, np.ones_like(data)


CASES: list[Case] = [
    *((f"xgboost {c.__name__}", lambda c=c: c(n_estimators=4).fit(X, y))
      for c in (xgboost.XGBClassifier, xgboost.XGBRegressor, xgboost.XGBRFClassifier)),
    ("xgboost ranker", lambda: xgboost.XGBRanker(n_estimators=4).fit(X, y, group=[30, 30])),
    ("xgboost unfitted", lambda: xgboost.XGBClassifier(max_depth=3)),
    ("xgboost own objective", lambda: xgboost.XGBRegressor(objective=halving, n_estimators=2).fit(X, y)),
    ("xgboost callbacks", lambda: xgboost.XGBClassifier(callbacks=[xgboost.callback.EarlyStopping(2)])),
    ("xgboost Booster", lambda: xgboost.train({}, xgboost.DMatrix(X, y), 4)),
    ("xgboost pipeline", lambda: make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=4)).fit(X, y)),
    ("xgboost search", lambda: GridSearchCV(xgboost.XGBClassifier(n_estimators=2), {"max_depth": [1, 2]}, cv=2).fit(X, y)),
    *((f"lightgbm {c.__name__}", lambda c=c: c(**DIRECT).fit(X, y))
      for c in (lightgbm.LGBMClassifier, lightgbm.LGBMRegressor)),
    ("lightgbm ranker", lambda: lightgbm.LGBMRanker(**DIRECT).fit(X, y, group=[30, 30])),
    ("lightgbm Booster", lambda: lightgbm.train({"verbose": -1}, lightgbm.Dataset(X, y), 4)),
    ("lightgbm Dataset", lambda: lightgbm.Dataset(X, y)),
    ("lightgbm own objective", lambda: lightgbm.LGBMRegressor(objective=halving, **DIRECT)),
    *((f"catboost {c.__name__}", lambda c=c: c(**QUIET).fit(X, y))
      for c in (catboost.CatBoostClassifier, catboost.CatBoostRegressor)),
    ("catboost unfitted", lambda: catboost.CatBoostClassifier(**QUIET)),
    ("catboost ranker", lambda: catboost.CatBoostRanker(**QUIET).fit(X, y, group_id=[0] * 30 + [1] * 30)),
    ("catboost Pool", lambda: catboost.Pool(X, y)),
]  # fmt: skip
