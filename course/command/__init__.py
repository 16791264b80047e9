"""What `downhill` does: the learner's copies of the lessons, JupyterLab, a look at the machine."""
