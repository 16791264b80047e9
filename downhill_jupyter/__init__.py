"""What Jupyter's servers and kernels load for the course: two small extensions.

They stand beside the course, not in it: `import course` loads numpy and autograd, which takes 10 MB
and a second or two of every server's start.
"""
