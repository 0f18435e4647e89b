"""Methods of transfer side by side, in the qualities that matter: of open cubes, or of the results of evaluations."""
