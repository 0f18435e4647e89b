"""The Session dock: the session as a file, and a transfer as a Python script."""
