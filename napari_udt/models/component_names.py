"""Names of the parts of a photoacoustic picture that can be dimmed, in the order of every array of them. No torch."""

COMPONENTS = ("skin", "tissue", "vessels")
