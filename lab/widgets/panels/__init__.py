"""The panels, one module each, with the script and the styles that draw it.

They have a package of their own because a function of `lab.widgets` has each panel's name: Python binds a module
to its package's attribute when it is first imported, and would put it in the function's place.
"""
