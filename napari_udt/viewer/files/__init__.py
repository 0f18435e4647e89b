"""Opening files into a session, asking for what they lack, and saving."""
