"""Evidence from the real world, explained offline: what it is, what it says, which checks it passes, what it fits.

`recognising` turns bytes into pieces, `relating` compares pieces, `checking` lists the verifier's checks with what is
known, `knowledge` ranks the catalogue's rows (data below fixtures/knowledge). Nothing is fetched and nothing is kept.
"""
