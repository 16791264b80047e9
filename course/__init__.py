"""Downhill: machine learning from the gradient up.

Everything is a struct that you can call: a model is a dataclass of parameters, a gradient is a
struct of the same kind, and one training loop serves them all.
"""

from course.autodiff import check_gradient, gradient, value_and_gradient
from course.data import Batches, Standardize, split
from course.engine import record
from course.functions import logsumexp, relu, sigmoid, softmax, tanh
from course.losses import (
    accuracy,
    binary_cross_entropy,
    confusion_matrix,
    cross_entropy,
    mae,
    mse,
    one_hot,
)
from course.models import Chain, Dense, Line, Parabola, activations
from course.optimizers import (
    AdaGrad,
    Adam,
    AdamW,
    Descent,
    Momentum,
    Nesterov,
    RMSProp,
)
from course.saving import load, save
from course.schedules import CosineDecay, ExponentialDecay, StepDecay, WarmUp
from course.training import History, train
from course.trees import astype, constant, parameters
from course.updating import clip_by_global_norm, start, update

__all__ = [
    "AdaGrad", "Adam", "AdamW", "Batches", "Chain", "CosineDecay", "Dense", "Descent",
    "ExponentialDecay", "History", "Line", "Momentum", "Nesterov", "Parabola", "RMSProp",
    "Standardize", "StepDecay", "WarmUp", "accuracy", "activations", "astype",
    "binary_cross_entropy", "check_gradient", "clip_by_global_norm", "confusion_matrix", "constant",
    "cross_entropy", "gradient", "load", "logsumexp", "mae", "mse", "one_hot", "parameters",
    "record", "relu", "save", "sigmoid", "softmax", "split", "start", "tanh", "train", "update",
    "value_and_gradient",
]  # fmt: skip
