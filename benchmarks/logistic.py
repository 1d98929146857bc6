"""Logistic regression small enough to read, and the figures it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LIMIT = 4.0
"""No measure counts further than this many deviations from its mean."""


@dataclass(frozen=True)
class Model:
    means: Array
    scales: Array
    weights: Array
    offset: float

    def odds(self, rows: Array) -> Array:
        """Log odds of each row."""
        scaled = np.clip((rows - self.means) / self.scales, -LIMIT, LIMIT)
        return np.asarray(scaled @ self.weights + self.offset)


def rounded(values: Array) -> list[float]:
    """To four digits, which is what the tables of the models keep."""
    return [float(f"{value:.4g}") for value in values]


def fit(
    rows: Array,
    wanted: NDArray[np.bool_],
    groups: NDArray[np.str_],
    ridge: float,
    balanced: bool = True,
    emphasis: Array | None = None,
) -> Model:
    """Fit by Newton's method; both classes of every group weigh the same if `balanced`, else
    every row does.

    Args:
        emphasis: how much each row counts beside the others of its class and group.
    """
    means, scales = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = np.clip((rows - means) / scales, -LIMIT, LIMIT)
    design = np.column_stack([scaled, np.ones(len(rows))])
    weight = np.ones(len(rows)) if emphasis is None else emphasis.copy()
    for group in np.unique(groups) if balanced else ():
        for value in (False, True):
            inside = (groups == group) & (wanted == value)
            weight[inside] /= max(weight[inside].sum(), 1e-9)
    weight *= len(rows) / weight.sum()
    penalty = ridge * np.eye(design.shape[1])
    penalty[-1, -1] = 1e-6
    found = np.zeros(design.shape[1])
    for _ in range(15):
        guess = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weight * (guess - wanted)) + penalty @ found
        curve = (design * (weight * guess * (1 - guess) + 1e-9)[:, None]).T @ design + penalty
        found -= np.linalg.solve(curve, slope)
    return Model(means, scales, found[:-1], float(found[-1]))


def auc(scores: Array, wanted: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a wanted one scores above another."""
    above = scores[wanted][:, None] - scores[~wanted][None, :]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def uar(scores: Array, wanted: NDArray[np.bool_], threshold: float = 0.0) -> float:
    """Unweighted average recall of the two classes at a threshold."""
    return float(((scores[wanted] > threshold).mean() + (scores[~wanted] <= threshold).mean()) / 2)
