"""What is looked at before anything is computed, and what is said where it doesn't fit.

Every message quotes what came, what was expected, and the call that would have worked. A check
that needs what a file computes (the shapes of layers that follow each other, a state's names, a
tree's path to a wrong leaf) stands in that file.
"""
