"""From rows as they came to rows worth learning from: checks set the broken ones apart, cleaning mends the rest."""
