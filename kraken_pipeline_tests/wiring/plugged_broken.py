"""A package that another version of a library was meant for."""

raise ImportError("no module named pandas_ta")
