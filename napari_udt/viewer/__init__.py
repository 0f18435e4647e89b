"""The comparison viewer: a Qt-free session, pure resolvers, small widgets, one adapter to napari's layers."""
