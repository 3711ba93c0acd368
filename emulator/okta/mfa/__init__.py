"""More than a password: factors that people enrol, challenges, what they prove, and which claims follow from it."""
