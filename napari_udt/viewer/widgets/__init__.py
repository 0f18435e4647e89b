"""Qt widgets. They show what the resolvers computed and emit what the user asked for; no logic lives here."""
