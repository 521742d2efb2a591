"""Creating, changing and deleting rows, with the rules of the vendor and its words for refusing.

`writer` is the general way of a write; `hooks` what single resources add to it, one module each. A write happens
whole or not at all. Source: balena-io/open-balena-api, src/features/**/hooks and src/balena.sbvr.
"""
