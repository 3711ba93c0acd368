"""Making a world file from other systems' files. Each reader fills a `Collected`; `writing` makes the world of it."""
