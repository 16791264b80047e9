"""Sphinx's settings for the course's web site."""

project = "Downhill"
html_title = "Downhill"
author = "The Downhill contributors"
copyright = "the Downhill contributors; lessons CC BY 4.0"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton", "course.publish.mathml"]
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
html_math_renderer = "mathml"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
html_show_sphinx = False
html_copy_source = False
copybutton_selector = "div.highlight pre"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {"navigation_with_keys": True}
