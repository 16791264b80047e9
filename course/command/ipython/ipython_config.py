"""Read by every kernel of a hub's image: see course/command/sparing.py."""

c = get_config()  # noqa: F821
c.InteractiveShellApp.extensions = ["course.command.sparing"]
