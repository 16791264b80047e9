"""The lessons for those who read them without a kernel: a web site, and slides for a lecture."""
