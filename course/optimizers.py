"""Rules that turn a gradient into a step. A rule knows one array; `update` walks the model.

Each rule is what its formula says, in as many lines. Libraries disagree on the details of several
of them: the docstrings say which form is meant (that of Flux and Optimisers.jl). In the formulas
g is the gradient, p the parameter, and the step d is subtracted: p <- p - d.
"""

import copy
from dataclasses import dataclass

import numpy as np

from course.errors.optimizers import require_hyperparameter, require_hyperparameters

__all__ = ["AdaGrad", "Adam", "AdamW", "Descent", "Momentum", "Nesterov", "RMSProp"]


@dataclass(frozen=True)
class Rule:
    """What the rules share: hyperparameters that make sense, and no state at the start.

    A rule of your own needs no base class, only `start(parameter)` and
    `step(parameter, gradient, state)`.
    """

    def __post_init__(self):
        require_hyperparameters(self, scheduled=True)

    def start(self, parameter):
        """State before the first step."""
        return None


@dataclass(frozen=True)
class Descent(Rule):
    r"""Gradient descent.

    $$ d = \eta\, g $$

    Parameters
    ----------
    learning_rate : float or callable
        $\eta$; a callable is a schedule, asked for the rate of each step (counted from 0).

    References
    ----------
    Cauchy (1847).
    """

    learning_rate: float = 0.1

    def step(self, parameter, gradient, state):
        """One step: the new parameter and the new state."""
        return parameter - self.learning_rate * gradient, state


@dataclass(frozen=True)
class Momentum(Rule):
    r"""Heavy-ball momentum, form B: the learning rate stands inside the velocity.

    $$ v \leftarrow \rho v + \eta g, \qquad d = v $$

    PyTorch's form A, `v = rho v + g; d = eta v`, is the same only while the rate stays constant.
    Form C, `v = rho v + (1 - rho) g; d = eta v`, is A with a rate smaller by 1 - rho.

    Parameters
    ----------
    learning_rate : float or callable
    momentum : float
        $\rho$, the share of the velocity that is kept, from 0 to below 1.

    References
    ----------
    Polyak (1964).
    """

    learning_rate: float = 0.01
    momentum: float = 0.9

    def start(self, parameter):
        """Zero velocity."""
        return np.zeros_like(parameter)

    def step(self, parameter, gradient, state):
        """One step: the new parameter and the new velocity."""
        velocity = self.momentum * state + self.learning_rate * gradient
        return parameter - velocity, velocity


@dataclass(frozen=True)
class Nesterov(Rule):
    r"""Nesterov's momentum, in the form that needs the gradient only where the parameters are.

    $$ v \leftarrow \rho v + \eta g, \qquad d = \rho v + \eta g $$

    with the new v in d: the velocity of the next step is used one step ahead (Sutskever et al.
    2013, as rewritten by Bengio et al. 2013; Flux and Keras use the same).

    Parameters
    ----------
    learning_rate : float or callable
    momentum : float
        $\rho$, from 0 to below 1.

    References
    ----------
    Nesterov (1983).
    """

    learning_rate: float = 0.001
    momentum: float = 0.9

    def start(self, parameter):
        """Zero velocity."""
        return np.zeros_like(parameter)

    def step(self, parameter, gradient, state):
        """One step: the new parameter and the new velocity."""
        push = self.learning_rate * gradient
        velocity = self.momentum * state + push
        return parameter - (self.momentum * velocity + push), velocity


@dataclass(frozen=True)
class AdaGrad(Rule):
    r"""A rate for each parameter, which only falls: by the sum of all its squared gradients.

    $$ a \leftarrow a + g^2, \qquad d = \frac{\eta g}{\sqrt{a} + \epsilon} $$

    The sum starts at epsilon (Flux); PyTorch starts it at 0, TensorFlow at 0.1.

    Parameters
    ----------
    learning_rate : float or callable
    epsilon : float

    References
    ----------
    Duchi, Hazan and Singer (2011).
    """

    learning_rate: float = 0.1
    epsilon: float = 1e-8

    def start(self, parameter):
        """The sum of squares starts at epsilon."""
        return np.full_like(parameter, self.epsilon)

    def step(self, parameter, gradient, state):
        """One step: the new parameter and the new sum of squares."""
        total = state + gradient * gradient
        return parameter - self.learning_rate * gradient / (np.sqrt(total) + self.epsilon), total


@dataclass(frozen=True)
class RMSProp(Rule):
    r"""A rate for each parameter, by a running average of its squared gradients.

    $$ q \leftarrow \rho q + (1 - \rho) g^2, \qquad d = \frac{\eta g}{\sqrt{q} + \epsilon} $$

    Epsilon stands outside the root (Flux, PyTorch; TensorFlow's stands inside); not centred, no
    momentum.

    Parameters
    ----------
    learning_rate : float or callable
    decay : float
        $\rho$, from 0 to below 1.
    epsilon : float

    References
    ----------
    Tieleman and Hinton (2012), lecture 6e.
    """

    learning_rate: float = 0.001
    decay: float = 0.9
    epsilon: float = 1e-8

    def start(self, parameter):
        """The average starts at zero."""
        return np.zeros_like(parameter)

    def step(self, parameter, gradient, state):
        """One step: the new parameter and the new average of squares."""
        average = self.decay * state + (1 - self.decay) * (gradient * gradient)
        step = self.learning_rate * gradient / (np.sqrt(average) + self.epsilon)
        return parameter - step, average


@dataclass(frozen=True)
class Adam(Rule):
    r"""Momentum and a rate for each parameter, both averages corrected for their start at zero.

    $$ m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2 $$

    $$ d = \eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon} $$

    with t = 1 at the first step and epsilon outside the root, as in algorithm 1 of the paper.

    Parameters
    ----------
    learning_rate : float or callable
    beta1, beta2 : float
        Shares of the two averages that are kept, from 0 to below 1.
    epsilon : float

    References
    ----------
    Kingma and Ba (2015).
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def start(self, parameter):
        """Both averages and the count t start at zero."""
        return np.zeros_like(parameter), np.zeros_like(parameter), 0

    def step(self, parameter, gradient, state):
        """One step: the new parameter and the new (m, v, t)."""
        m, v, t = state
        t = t + 1
        m = self.beta1 * m + (1 - self.beta1) * gradient
        v = self.beta2 * v + (1 - self.beta2) * (gradient * gradient)
        m_hat, v_hat = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
        step = self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
        return parameter - step, (m, v, t)


@dataclass(frozen=True)
class AdamW(Adam):
    r"""Adam, and beside it a decay of the parameter itself.

    $$ d = d_{\mathrm{Adam}} + \eta \lambda p $$

    The decay is multiplied by the learning rate (Flux, PyTorch); in the paper it is by the
    schedule only. It isn't an L2 penalty: Adam would divide that by the root of v.

    Parameters
    ----------
    learning_rate, beta1, beta2, epsilon
        As in Adam.
    weight_decay : float
        $\lambda$.

    References
    ----------
    Loshchilov and Hutter (2019).
    """

    weight_decay: float = 0.01

    def step(self, parameter, gradient, state):
        """One step: the new parameter and the new (m, v, t)."""
        moved, state = super().step(parameter, gradient, state)
        return moved - self.learning_rate * self.weight_decay * parameter, state


def at_step(optimizer, step):
    """The rule with the plain learning rate that its schedule has for this step."""
    schedule = getattr(optimizer, "learning_rate", None)
    if not callable(schedule):
        return optimizer
    rule = copy.copy(optimizer)
    rate = require_hyperparameter(type(rule).__name__, "learning_rate", schedule(step), step)
    object.__setattr__(rule, "learning_rate", rate)
    return rule
