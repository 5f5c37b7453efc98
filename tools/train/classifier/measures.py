"""Discrimination and calibration of probabilities, in NumPy."""

import math

import numpy as np


def ranks(values):
    """Mid-ranks, from 1."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def auc(labels, scores):
    """Area under the ROC curve: Mann and Whitney's statistic, ties count half."""
    positives = labels == 1
    m, n = positives.sum(), (~positives).sum()
    return (ranks(scores)[positives].sum() - m * (m + 1) / 2) / (m * n)


def delong_interval(labels, scores, z=1.959964):
    """95 % interval of the AUC, DeLong's variance, on the scale of the logit."""
    x, y = scores[labels == 1], scores[labels == 0]
    both = ranks(np.concatenate([x, y]))
    v10 = (both[: len(x)] - ranks(x)) / len(y)
    v01 = 1 - (both[len(x) :] - ranks(y)) / len(x)
    area = v10.mean()
    error = math.sqrt(v10.var(ddof=1) / len(x) + v01.var(ddof=1) / len(y))
    logit, spread = math.log(area / (1 - area)), error / (area * (1 - area))
    return [1 / (1 + math.exp(-(logit + sign * z * spread))) for sign in (-1, 1)]


def bootstrap_interval(labels, scores, measure, draws=2000, seed=5):
    """95 % percentile interval, pictures drawn within each class."""
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(labels == k) for k in (0, 1)]
    found = []
    for _ in range(draws):
        drawn = np.concatenate([rng.choice(group, len(group)) for group in groups])
        found.append(measure(labels[drawn], scores[drawn]))
    return [float(v) for v in np.percentile(found, [2.5, 97.5])]


def wilson_interval(hits, count, z=1.959964):
    """95 % interval of a share."""
    share = hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count
                                               + z * z / (4 * count * count))
    return [middle - half, middle + half]


def brier(labels, probabilities, weights=None):
    return float(np.average((probabilities - labels) ** 2, weights=weights))


def calibration_bins(labels, probabilities, weights=None, bins=10):
    """Per tenth of the probability: how many, the mean probability, the share that is positive."""
    weights = np.ones(len(labels)) if weights is None else weights
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    rows = []
    for k in range(bins):
        inside = place == k
        if not inside.any():
            continue
        rows.append({
            "from": k / bins, "to": (k + 1) / bins, "pictures": int(inside.sum()),
            "share_of_all": float(weights[inside].sum() / weights.sum()),
            "mean_probability": float(np.average(probabilities[inside], weights=weights[inside])),
            "share_positive": float(np.average(labels[inside], weights=weights[inside])),
        })
    return rows


def expected_calibration_error(rows):
    return float(sum(r["share_of_all"] * abs(r["mean_probability"] - r["share_positive"])
                     for r in rows))


def prevalence_weights(labels, prevalence):
    """Weights under which `prevalence` of the pictures are positive."""
    share = labels.mean()
    return np.where(labels == 1, prevalence / share, (1 - prevalence) / (1 - share))


def log_loss(labels, margins, temperature):
    z = np.where(labels == 1, margins, -margins) / temperature
    return float(np.logaddexp(0, -z).mean())


def fit_temperature(labels, margins):
    """The temperature of least log-loss: a golden section of its logarithm."""
    low, high = math.log(0.05), math.log(20)
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-7:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if log_loss(labels, margins, math.exp(a)) < log_loss(labels, margins, math.exp(b)):
            high = b
        else:
            low = a
    return math.exp((low + high) / 2)


def best_threshold(labels, probabilities):
    """Halfway between neighbours, where sensitivity + specificity is largest."""
    values = np.unique(probabilities)
    middles = (values[1:] + values[:-1]) / 2
    gain = [(probabilities[labels == 1] >= t).mean() + (probabilities[labels == 0] < t).mean()
            for t in middles]
    return float(middles[int(np.argmax(gain))])


def at_threshold(labels, probabilities, threshold):
    """Sensitivity and specificity, each [hits, of, share, low, high]."""
    def row(hits, count):
        return [int(hits), int(count), float(hits / count), *wilson_interval(hits, count)]
    positive = probabilities >= threshold
    return {"sensitivity": row((positive & (labels == 1)).sum(), (labels == 1).sum()),
            "specificity": row((~positive & (labels == 0)).sum(), (labels == 0).sum())}
