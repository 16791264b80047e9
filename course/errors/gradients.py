"""What a loss does that no gradient can be taken of, and data that spoil it."""

import numpy as np
from autograd.tracer import Box, getval

__all__ = ["explained", "refuse_nan", "scalar_node"]


def refuse_nan(batch):
    """Raise if the data hold NaN or infinity, which no learning rate can mend."""
    for position, data in enumerate(batch):
        data = np.asarray(getval(data))
        if data.dtype.kind == "f" and not np.all(np.isfinite(data)):
            rows = np.unique(np.argwhere(~np.isfinite(np.atleast_1d(data)))[:, 0])
            raise ValueError(
                f"argument {position + 1} of the batch has NaN or infinity in {len(rows)} of its "
                f"{len(np.atleast_1d(data))} rows, first in row {rows[0]}, so the loss isn't a "
                "number. Leave those rows out: keep = np.isfinite(x) & np.isfinite(y), then "
                "x[keep], y[keep]; or fill them in."
            )


def explained(function, boxes):
    """Call the loss; an error that comes of tracing is told in the learner's words."""
    try:
        return function(boxes)
    except NotImplementedError as error:
        error.add_note(
            "autograd knows no derivative of this function. Write it by others, such as "
            "np.mean(weights * x) for np.average(x, weights=...), np.sum, np.exp, np.where."
        )
        raise
    except (AttributeError, TypeError, ValueError) as error:
        if "Box" in str(error) or "with a sequence" in str(error):
            error.add_note(
                "While a gradient is taken, parameters are traced arrays (ArrayBox), and what is "
                "done with them must be traceable: no float(), .item(), .copy(), .dot(), f-string "
                "format or assignment to elements inside a model or loss. Begin the file with "
                "`import autograd.numpy as np` and write np.dot(a, b), np.where(...) and so on; "
                "to print values on the way, use a callback of train."
            )
        raise


def scalar_node(out, trace):
    """Autograd's node of a loss, if that is one number that depends on the model."""
    value = getval(out)
    if np.iscomplexobj(value):
        raise ValueError(
            "a loss is a real number, and this one is complex. Take its absolute value or its real "
            "part: return np.abs(...) or np.real(...)."
        )
    if not isinstance(value, (float, int, np.ndarray, np.number, np.bool)) or np.ndim(value) != 0:
        shape = f"shape {np.shape(value)}" if value is not None else "None"
        raise ValueError(
            f"a loss is one number, and this one returned {type(value).__name__} of {shape}. "
            "Average over the samples: return np.mean(...)"
            + (" (did you forget `return`?)" if value is None else "")
            + "; mse, mae and the cross-entropies do that by themselves."
        )
    if not (isinstance(out, Box) and out._trace == trace):
        raise ValueError(
            "the loss doesn't depend on the model it was given, so its gradient would be zero. "
            "Either the argument was ignored: def loss(model, x, y) must use its own `model`, "
            "not a variable from outside; or only step functions were applied (>, sign, round, "
            "argmax), whose gradient is zero almost everywhere: use a smooth one, such as sigmoid."
        )
    return out._node
