"""What is looked at before anything is computed, and what is said where it doesn't fit.

Every message quotes what came, what was expected, and the call that would have worked.
"""
