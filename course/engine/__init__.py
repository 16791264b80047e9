"""How training is made quick: a loss's gradient is recorded once and replayed.

Nobody needs this folder to use the course; of the core `training` alone imports it, and `record`
shows it.
"""

from course.engine.recording import record

__all__ = ["record"]
