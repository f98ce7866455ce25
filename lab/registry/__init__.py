"""How the registry of known actors is made from sources that others keep."""
