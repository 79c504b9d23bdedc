"""scipy: sparse arrays, interpolation, spatial trees, frozen distributions, results, filters."""

from __future__ import annotations

import numpy as np
import scipy.cluster.hierarchy
import scipy.integrate
import scipy.interpolate
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.sparse
import scipy.spatial
import scipy.spatial.transform
import scipy.stats
from worker import Case

LIBRARIES = ("scipy",)
SPARSE = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
X = np.linspace(0, 1, 12)
POINTS = np.random.RandomState(0).rand(20, 2)


def shapes(name: str) -> tuple[float, ...]:
    return tuple(
        dict(scipy.stats._distr_params.distcont + scipy.stats._distr_params.distdiscrete)[name]
    )


def frozen(name: str) -> object:
    return getattr(scipy.stats, name)(*shapes(name))


def distributions() -> list[str]:
    params = scipy.stats._distr_params
    slow = {"levy_stable", "studentized_range"}
    known = [*params.distcont, *params.distdiscrete]
    return sorted({n for n, _ in known if isinstance(n, str)} - slow)


def square(x: float) -> float:
    return (x - 1) ** 2


def rosenbrock() -> object:
    return scipy.optimize.minimize(scipy.optimize.rosen, [1.2, 0.8], method="BFGS")


CASES: list[Case] = [
    *((f"{k}_array", lambda k=k: getattr(scipy.sparse, f"{k}_array")(np.eye(3))) for k in SPARSE),
    *((f"{k}_matrix", lambda k=k: getattr(scipy.sparse, f"{k}_matrix")(np.eye(3))) for k in SPARSE),
    (
        "LinearOperator",
        lambda: scipy.sparse.linalg.aslinearoperator(scipy.sparse.csr_matrix(np.eye(3))),
    ),
    *((f"frozen {n}", lambda n=n: frozen(n)) for n in distributions()),
    *((f"generator {n}", lambda n=n: getattr(scipy.stats, n)) for n in ("norm", "poisson", "beta")),
    ("multivariate_normal", lambda: scipy.stats.multivariate_normal([0, 0], np.eye(2))),
    ("multivariate_normal generator", lambda: scipy.stats.multivariate_normal),
    ("dirichlet", lambda: scipy.stats.dirichlet([1, 2, 3])),
    ("wishart", lambda: scipy.stats.wishart(3, np.eye(2))),
    ("multinomial", lambda: scipy.stats.multinomial(4, [0.5, 0.5])),
    ("ortho_group", lambda: scipy.stats.ortho_group(3)),
    ("gaussian_kde", lambda: scipy.stats.gaussian_kde(X)),
    ("rv_histogram", lambda: scipy.stats.rv_histogram(np.histogram(X, 4))),
    ("rv_discrete", lambda: scipy.stats.rv_discrete(values=([1, 2], [0.5, 0.5]))),
    ("new Normal", lambda: scipy.stats.Normal(mu=1.0, sigma=2.0)),
    ("qmc Sobol", lambda: scipy.stats.qmc.Sobol(2, seed=1)),
    ("qmc Halton", lambda: scipy.stats.qmc.Halton(2, seed=1)),
    ("ttest", lambda: scipy.stats.ttest_ind(X, X + 1)),
    ("linregress", lambda: scipy.stats.linregress(X, X**2)),
    ("pearsonr", lambda: scipy.stats.pearsonr(X, X**2)),
    ("bootstrap", lambda: scipy.stats.bootstrap((X,), np.mean, n_resamples=9, rng=0)),
    ("ecdf", lambda: scipy.stats.ecdf(X)),
    ("describe", lambda: scipy.stats.describe(X)),
    ("interp1d", lambda: scipy.interpolate.interp1d(X, X**2)),
    ("interp1d cubic", lambda: scipy.interpolate.interp1d(X, X**2, kind="cubic")),
    ("CubicSpline", lambda: scipy.interpolate.CubicSpline(X, X**2)),
    ("PchipInterpolator", lambda: scipy.interpolate.PchipInterpolator(X, X**2)),
    ("Akima", lambda: scipy.interpolate.Akima1DInterpolator(X, X**2)),
    ("UnivariateSpline", lambda: scipy.interpolate.UnivariateSpline(X, X**2)),
    (
        "InterpolatedUnivariateSpline",
        lambda: scipy.interpolate.InterpolatedUnivariateSpline(X, X**2),
    ),
    ("BSpline", lambda: scipy.interpolate.make_interp_spline(X, X**2)),
    ("RectBivariateSpline", lambda: scipy.interpolate.RectBivariateSpline(X, X, np.outer(X, X))),
    (
        "RegularGridInterpolator",
        lambda: scipy.interpolate.RegularGridInterpolator((X, X), np.outer(X, X)),
    ),
    ("RBFInterpolator", lambda: scipy.interpolate.RBFInterpolator(POINTS, POINTS[:, 0])),
    ("Rbf", lambda: scipy.interpolate.Rbf(POINTS[:, 0], POINTS[:, 1], POINTS[:, 0])),
    ("LinearNDInterpolator", lambda: scipy.interpolate.LinearNDInterpolator(POINTS, POINTS[:, 0])),
    (
        "NearestNDInterpolator",
        lambda: scipy.interpolate.NearestNDInterpolator(POINTS, POINTS[:, 0]),
    ),
    ("BarycentricInterpolator", lambda: scipy.interpolate.BarycentricInterpolator(X, X)),
    ("PPoly", lambda: scipy.interpolate.PPoly(np.ones((2, 2)), [0, 1, 2])),
    ("cKDTree", lambda: scipy.spatial.cKDTree(POINTS)),
    ("KDTree", lambda: scipy.spatial.KDTree(POINTS)),
    ("Delaunay", lambda: scipy.spatial.Delaunay(POINTS)),
    ("ConvexHull", lambda: scipy.spatial.ConvexHull(POINTS)),
    ("Voronoi", lambda: scipy.spatial.Voronoi(POINTS)),
    ("Rotation", lambda: scipy.spatial.transform.Rotation.from_euler("z", 90, degrees=True)),
    (
        "Slerp",
        lambda: scipy.spatial.transform.Slerp(
            [0, 1], scipy.spatial.transform.Rotation.random(2, rng=0)
        ),
    ),
    ("OptimizeResult", rosenbrock),
    ("linprog result", lambda: scipy.optimize.linprog([1.0], bounds=[(0, 1)])),
    ("root result", lambda: scipy.optimize.root(square, 0.5)),
    ("minimize_scalar", lambda: scipy.optimize.minimize_scalar(square)),
    ("Bounds", lambda: scipy.optimize.Bounds([0], [1])),
    ("LinearConstraint", lambda: scipy.optimize.LinearConstraint(np.eye(2), 0, 1)),
    ("NonlinearConstraint", lambda: scipy.optimize.NonlinearConstraint(square, 0, 1)),
    ("solve_ivp", lambda: scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0])),
    ("solve_ivp dense", lambda: scipy.integrate.solve_ivp(scipy.special.expit, (0, 1), [1.0]).t),
    ("lti", lambda: scipy.signal.lti([1], [1, 1])),
    ("StateSpace", lambda: scipy.signal.StateSpace(np.eye(2), np.eye(2), np.eye(2), np.eye(2))),
    ("dlti", lambda: scipy.signal.dlti([1], [1, 0.5], dt=0.1)),
    ("butter", lambda: scipy.signal.butter(3, 0.2, output="sos")),
    ("ShortTimeFFT", lambda: scipy.signal.ShortTimeFFT(np.ones(8), 2, 10)),
    ("linkage", lambda: scipy.cluster.hierarchy.linkage(POINTS)),
    (
        "ClusterNode",
        lambda: scipy.cluster.hierarchy.to_tree(scipy.cluster.hierarchy.linkage(POINTS)),
    ),
    (
        "functions",
        lambda: [
            scipy.special.expit,
            scipy.special.gammaln,
            scipy.stats.zscore,
            scipy.ndimage.sobel,
        ],
    ),
]
