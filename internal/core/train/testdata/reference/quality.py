"""Writes quality.json: how well outputs fit their labels as scikit-learn, SciPy and
PyTorch measure it, in float64, for TestQuality_elsewhere of package train. Run by
hand, from this folder, with the python3-sklearn and python3-torch of Debian 12:

    /usr/bin/python3 quality.py
"""
import json
import platform
import warnings

import numpy as np
import scipy
import sklearn
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.filterwarnings("ignore")  # a class that is never named has no precision
rng = np.random.default_rng(20240607)


def temperature(z, y):
    """The same minimum by two roads: Brent's on the inverse, Newton's family on the logarithm."""
    loss = lambda b: -log_softmax(b * z, axis=1)[np.arange(len(y)), y].mean()
    brent = 1 / minimize_scalar(loss, bounds=(1 / 20, 20), method="bounded", options={"xatol": 1e-12}).x
    log_t = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    opt = torch.optim.LBFGS([log_t], max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        value = torch.nn.functional.cross_entropy(torch.tensor(z) / log_t.exp(), torch.tensor(y))
        value.backward()
        return value

    opt.step(closure)
    assert abs(log_t.exp().item() / brent - 1) < 1e-6, (log_t.exp().item(), brent)
    return brent


def classification(rows, classes, sharpness, never=None):
    z = rng.normal(size=(rows, classes))
    y = np.array([rng.choice(classes, p=p) for p in softmax(z, axis=1)])
    z = z * sharpness
    if never is not None:
        z[:, never] -= 6
    z = np.float32(z).astype(np.float64)
    t = temperature(z, y)
    case = dict(outputs=[float(v) for v in z.ravel()], classes=classes, class_=[int(v) for v in y], temperature=t)
    labels = list(range(classes))
    p, named = softmax(z / t, axis=1), z.argmax(axis=1)
    case["log_loss_before"] = metrics.log_loss(y, softmax(z, axis=1), labels=labels)
    case["log_loss"] = metrics.log_loss(y, p, labels=labels)
    case["brier_score"] = sum(metrics.brier_score_loss(y == c, p[:, c]) for c in labels)
    case["accuracy"] = metrics.accuracy_score(y, named)
    case["balanced_accuracy"] = metrics.balanced_accuracy_score(y, named)
    of = [c for c in labels if (y == c).any()]
    case["precision"], case["recall"], case["f1_score"], _ = metrics.precision_recall_fscore_support(y, named, labels=of, average="macro", zero_division=0)
    case["confusion"] = metrics.confusion_matrix(y, named, labels=labels).tolist()
    sure = p.max(axis=1)
    right, confidence = calibration_curve(named == y, sure, n_bins=10)
    rows_of = np.bincount(np.digitize(sure, np.linspace(0, 1, 11)[1:-1], right=True), minlength=10)
    case["bin_rows"], case["bin_confidence"], case["bin_accuracy"] = rows_of.tolist(), confidence.tolist(), right.tolist()
    case["calibration_error"] = float((rows_of[rows_of > 0] / rows * abs(confidence - right)).sum())
    return case


def regression(rows):
    y = np.float32(rng.normal(size=rows)).astype(np.float64)
    z = np.float32(0.4 * y + rng.normal(size=rows) * 0.7).astype(np.float64)
    mean = np.full(rows, y.mean())
    return dict(outputs=z.tolist(), target=y.tolist(), mae=metrics.mean_absolute_error(y, z), rmse=metrics.mean_squared_error(y, z, squared=False),
                baseline_mae=metrics.mean_absolute_error(y, mean), baseline_rmse=metrics.mean_squared_error(y, mean, squared=False),
                pinball=metrics.mean_pinball_loss(y, z, alpha=0.8), sign_accuracy=metrics.accuracy_score(np.sign(y), np.sign(z)))


if __name__ == "__main__":
    out = {"made_by": "scikit-learn %s, SciPy %s, torch %s, Python %s, testdata/reference/quality.py"
           % (sklearn.__version__, scipy.__version__, torch.__version__, platform.python_version()),
           "classification": {"sure": classification(150, 3, 4.0), "unsure": classification(120, 3, 0.3),
                              "two": classification(100, 2, 2.5), "one_is_never_named": classification(90, 4, 3.0, never=2)},
           "regression": regression(80)}
    with open("quality.json", "w") as f:
        json.dump(out, f, separators=(",", ":"))
        f.write("\n")
