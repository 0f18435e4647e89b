"""The transfer networks, their weights and their cards. torch is imported when a model is first loaded."""
