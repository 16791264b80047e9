"""The large libraries, each at the same mathematics, start and batches. What isn't here is None."""

import importlib.util

import numpy as np

from benchmarks.by_hand import SMALL
from course import Adam, Descent, Momentum


def rivals(workload):
    """Name and training function of each library that is installed."""
    found = {}
    if importlib.util.find_spec("torch"):
        found["PyTorch"] = torch_training(workload, fused=False)
        found["PyTorch, fused"] = torch_training(workload, fused=True)
        if workload.size < len(workload.x):
            found["PyTorch, DataLoader"] = torch_training(workload, fused=True, loader=True)
    if importlib.util.find_spec("jax"):
        found["JAX, jitted step"] = jax_training(workload)
        found["JAX, scan"] = jax_training(workload, scan=True)
    if importlib.util.find_spec("sklearn") and isinstance(workload.rule, Adam):
        found["scikit-learn"] = sklearn_training(workload)
    return found


# ---- PyTorch, eager ------------------------------------------------------------------------------


def torch_training(workload, *, fused, loader=False):
    import torch

    torch.set_num_threads(1)
    x, y = torch.from_numpy(workload.x), torch.from_numpy(workload.y)
    loss_of = _torch_network if workload.sizes else _torch_curve

    def run():
        values = [torch.tensor(p, requires_grad=True) for p in workload.start]
        optimizer = _torch_optimizer(workload.rule, values, fused)
        losses = []
        for batch_x, batch_y in _torch_batches(workload, x, y, loader):
            loss = loss_of(values, batch_x, batch_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return [value.detach().numpy() for value in values], losses

    return run


def _torch_optimizer(rule, values, fused):
    import torch

    if isinstance(rule, Adam):
        return torch.optim.Adam(values, rule.learning_rate, eps=rule.epsilon, fused=fused)
    momentum = rule.momentum if isinstance(rule, Momentum) else 0
    return torch.optim.SGD(values, rule.learning_rate, momentum, fused=fused)


def _torch_batches(workload, x, y, loader):
    import torch

    if not loader:
        yield from _batches(workload, x, y, torch.from_numpy)
        return
    for order in workload.orders():
        rows = [rows.tolist() for rows in torch.from_numpy(order).split(workload.size)]
        dataset = torch.utils.data.TensorDataset(x, y)
        yield from torch.utils.data.DataLoader(dataset, batch_sampler=rows)


def _batches(workload, x, y, as_index=np.asarray):
    """Slices of a shuffled copy while the data are small, rows by their indices if they aren't."""
    if workload.size == len(x):
        for _ in range(workload.epochs):
            yield x, y
        return
    small = workload.x.nbytes <= SMALL
    for order in map(as_index, workload.orders()):
        shuffled = (x[order], y[order]) if small else None
        for i in range(0, len(x), workload.size):
            rows = slice(i, i + workload.size)
            yield tuple(v[rows] for v in shuffled) if small else (x[order[rows]], y[order[rows]])


def _torch_curve(values, x, y):
    import torch

    return torch.nn.functional.mse_loss(_polynomial(values, x), y)


def _polynomial(values, x):
    if len(values) == 2:
        return values[0] * x + values[1]
    return values[0] * x**2 + values[1] * x + values[2]


def _torch_network(values, x, y):
    import torch

    for i in range(0, len(values) - 2, 2):
        x = torch.relu(torch.addmm(values[i + 1], x, values[i]))
    return torch.nn.functional.cross_entropy(torch.addmm(values[-1], x, values[-2]), y)


# ---- JAX -----------------------------------------------------------------------------------------


def jax_training(workload, scan=False):
    import jax

    jax.config.update("jax_enable_x64", True)
    loss_of = _jax_network if workload.sizes else _jax_curve
    start, move = _jax_rule(workload.rule)

    def step(carry, batch):
        values, state = carry
        loss, gradients = jax.value_and_grad(loss_of)(values, *batch)
        return move(values, gradients, state), loss

    size, n = workload.size, len(workload.x)
    whole = n // size
    jitted = jax.jit(step, donate_argnums=0)

    @jax.jit
    def epoch(carry, x, y, order):
        rows = order[: whole * size].reshape(whole, size)
        carry, losses = jax.lax.scan(lambda c, r: step(c, (x[r], y[r])), carry, rows)
        if n % size:
            carry, last = step(carry, (x[order[whole * size :]], y[order[whole * size :]]))
            losses = jax.numpy.append(losses, last)
        return carry, losses

    @jax.jit
    def curve(carry, x, y):
        return jax.lax.scan(lambda c, _: step(c, (x, y)), carry, length=workload.epochs)

    on_device = jax.numpy.asarray(workload.x), jax.numpy.asarray(workload.y)

    def run():
        values = [jax.numpy.array(p) for p in workload.start]
        carry, losses = (values, start(values)), []
        if scan and n == size:
            carry, losses = curve(carry, *on_device)
        elif scan:
            for order in workload.orders():
                carry, part = epoch(carry, *on_device, order)
                losses.append(part)
            losses = jax.numpy.concatenate(losses)
        else:
            for batch in _batches(workload, *on_device):
                carry, loss = jitted(carry, batch)
                losses.append(loss)
        return [np.asarray(v) for v in carry[0]], np.asarray(jax.device_get(losses))

    return run


def _jax_curve(values, x, y):
    import jax.numpy as jnp

    return jnp.mean((_polynomial(values, x) - y) ** 2)


def _jax_network(values, x, y):
    import jax

    for i in range(0, len(values) - 2, 2):
        x = jax.nn.relu(x @ values[i] + values[i + 1])
    z = x @ values[-2] + values[-1]
    logs = jax.nn.log_softmax(z)
    return -jax.numpy.mean(jax.numpy.take_along_axis(logs, y[:, None], axis=1))


def _jax_rule(rule):
    import jax.numpy as jnp

    rate = rule.learning_rate
    if isinstance(rule, Descent):
        return lambda p: None, lambda p, g, s: (
            [a - rate * b for a, b in zip(p, g, strict=True)],
            s,
        )
    if isinstance(rule, Momentum):

        def momentum(p, g, state):
            v = [rule.momentum * s + rate * b for s, b in zip(state, g, strict=True)]
            return [a - b for a, b in zip(p, v, strict=True)], v

        return lambda p: [jnp.zeros_like(a) for a in p], momentum

    def adam(p, g, state):
        m, v, t = state
        t = t + 1
        m = [rule.beta1 * a + (1 - rule.beta1) * b for a, b in zip(m, g, strict=True)]
        v = [rule.beta2 * a + (1 - rule.beta2) * b * b for a, b in zip(v, g, strict=True)]
        c1, c2 = 1 - rule.beta1**t, 1 - rule.beta2**t
        new = [
            (a - rate * (b / c1) / (jnp.sqrt(c / c2) + rule.epsilon)).astype(a.dtype)
            for a, b, c in zip(p, m, v, strict=True)
        ]
        return new, (m, v, t)

    def start(p):
        zeros = [jnp.zeros_like(a) for a in p]
        return zeros, [jnp.zeros_like(a) for a in p], jnp.zeros((), p[0].dtype)

    return start, adam


# ---- scikit-learn --------------------------------------------------------------------------------


def sklearn_training(workload):
    """Its `partial_fit` makes one epoch; its Adam adds epsilon to the uncorrected root."""
    from sklearn.neural_network import MLPClassifier

    class Started(MLPClassifier):
        def _initialize(self, *args):
            super()._initialize(*args)
            self.coefs_, self.intercepts_ = workload.start[::2], workload.start[1::2]

    def run():
        network = Started(
            workload.sizes[1:-1],
            batch_size=workload.size,
            shuffle=False,
            alpha=0,
            learning_rate_init=workload.rule.learning_rate,
            epsilon=workload.rule.epsilon,
        )
        classes, losses = np.arange(workload.sizes[-1]), None
        for order in workload.orders():
            network.partial_fit(workload.x[order], workload.y[order], classes=classes)
        pairs = zip(network.coefs_, network.intercepts_, strict=True)
        return [p for pair in pairs for p in pair], losses

    return run
