"""Tokens that are wrong on purpose: one named break per attack or mistake, for SAML and for JWTs.

A break changes one stage of making a token. They are data for tests of relying parties (the lab's own, and yours):
`breaks.BREAKS` is the table, with what each is and what a sound relying party makes of it.
"""
