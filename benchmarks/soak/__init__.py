"""Soak: the gateway asked for half an hour while its upstreams fail, and whether it comes out of that as it went in.

    measure   how many requests a second it answers of this mix, without trouble
    load      80 % of them for the whole time; every few seconds another source, or two, has another trouble
    rest      nothing is asked: what is still open or under way by then would stay for ever

Each reply is looked at: an error must be one that a trouble of its source explains, and a list that lost nothing must
be the list as it was. Memory is told by its rise after a warm-up, the rest by what it was at rest before and after.
Questions and troubles come in an order that the seed says; what becomes of a request also hangs on the machine.
"""
