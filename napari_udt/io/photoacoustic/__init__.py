"""Formats of photoacoustic programs and scanners."""
