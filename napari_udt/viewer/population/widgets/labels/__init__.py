"""The tab of the audit of labels."""
