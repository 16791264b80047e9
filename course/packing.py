"""A run's parameters, side by side in one vector, so that a rule makes one step for all of them.

A step for each of six arrays costs six times a step's overhead. The course's rules treat every
number alike, so they may be given all numbers at once; a rule of your own may look at an array as a
whole (at its norm, say), so it gets each array by itself.
"""

import numpy as np

from course.updating import OptimizerState, clip_gradients

__all__ = ["Apart", "Together", "pack"]


def pack(optimizer, values, state, frozen):
    """Choose how a run keeps its parameters: `Together` where that is the same, else `Apart`."""
    free = [i for i in range(len(values)) if i not in frozen]
    kinds = {np.asarray(values[i]).dtype for i in free}
    pairs = [(state.parameters[i], np.shape(values[i])) for i in free]
    if len(free) > 1 and len(kinds) == 1 and _is_elementwise(optimizer) and _alike(pairs):
        return Together(values, state, free)
    return Apart(values, state, free)


class Apart:
    """Every parameter by itself.

    Attributes
    ----------
    start : (list, OptimizerState)
        What is stepped, and its state.
    free : list of int
        Indices of the parameters that aren't frozen.
    into : list of ndarray
        Where the gradients of those are to be written.
    """

    def __init__(self, values, state, free):
        self.start, self.free, self.types = (values, state), free, [type(v) for v in values]
        self.into = [np.empty_like(values[i]) for i in free]

    def gradients(self):
        """What was written, as new arrays and floats; None for what is frozen."""
        gradients = [None] * len(self.types)
        for index, gradient in zip(self.free, self.into, strict=True):
            is_array = self.types[index] is np.ndarray
            gradients[index] = gradient.copy() if is_array else self.types[index](gradient)
        return gradients

    def clipped(self, gradients, max_norm):
        """The gradients, no longer than `max_norm` together."""
        return clip_gradients(gradients, max_norm)

    def unpack(self, values):
        """One value for each parameter of the model."""
        return values

    def unpack_gradients(self, gradients):
        """One gradient for each parameter of the model, None for what is frozen."""
        return gradients

    def unpack_state(self, state):
        """The state with one entry for each parameter of the model."""
        return state


class Together(Apart):
    """All parameters in one vector, which takes the place of the list of them."""

    def __init__(self, values, state, free):
        super().__init__(values, state, free)
        self.values, self.state = values, state
        ends = np.cumsum([np.size(values[i]) for i in free])
        self.cuts = [
            (index, slice(end - np.size(values[index]), end), np.shape(values[index]))
            for index, end in zip(free, ends.tolist(), strict=True)
        ]
        vector = np.concatenate([np.ravel(values[i]) for i in free])
        memory = _join([state.parameters[i] for i in free])
        self.start = [vector], OptimizerState(state.step, [memory])
        self.gradient = np.empty_like(vector)
        self.into = [self.gradient[cut].reshape(shape) for _, cut, shape in self.cuts]

    def gradients(self):
        """The gradient of the vector; it is written over by the next one."""
        return [self.gradient]

    def clipped(self, gradients, max_norm):
        """The gradient, no longer than `max_norm`."""
        parts = clip_gradients(self.into, max_norm)
        return gradients if parts is self.into else [np.concatenate([g.ravel() for g in parts])]

    def unpack(self, vectors):
        """Views of the vector, in the parameters' shapes."""
        return self._cut(vectors, self.values.copy())

    def unpack_gradients(self, gradients):
        """Views of the gradient, None for what is frozen."""
        return self._cut(gradients, [None] * len(self.values))

    def _cut(self, vectors, places):
        (vector,) = vectors
        for index, cut, shape in self.cuts:
            places[index] = vector[cut].reshape(shape)
        return places

    def unpack_state(self, state):
        """The state with one entry for each parameter of the model."""
        memories = list(self.state.parameters)
        for index, cut, shape in self.cuts:
            memories[index] = _cut(state.parameters[0], cut, shape)
        return OptimizerState(state.step, memories)


def _is_elementwise(optimizer):
    """The course's own rules are; a rule that changes one of their methods may not be."""
    methods = (getattr(type(optimizer), name, None) for name in ("start", "step"))
    return all(getattr(method, "__module__", None) == "course.optimizers" for method in methods)


def _alike(pairs):
    """Whether each memory is an array like its parameter, or the same for all (a count)."""
    first, _ = pairs[0]
    if isinstance(first, tuple):
        return all(_alike([(m[part], shape) for m, shape in pairs]) for part in range(len(first)))
    if isinstance(first, (np.ndarray, np.floating)):
        return all(np.shape(memory) == shape for memory, shape in pairs)
    return all(memory == first for memory, _ in pairs)


def _join(memories):
    first = memories[0]
    if isinstance(first, tuple):
        return tuple(map(_join, zip(*memories, strict=True)))
    if isinstance(first, (np.ndarray, np.floating)):
        return np.concatenate([np.ravel(memory) for memory in memories])
    return first


def _cut(memory, cut, shape):
    if isinstance(memory, tuple):
        return tuple(_cut(part, cut, shape) for part in memory)
    if isinstance(memory, np.ndarray):
        return memory[cut].reshape(shape)[()].copy()
    return memory
