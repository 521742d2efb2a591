"""Federation: lists of several sources as one ordered, cursor-paged connection.

filters say who is asked and which rows stay, order says how two rows compare, cursor says where a page stopped,
pages cuts one page out of what was read, report says how each source did. May import: upstreams, graph, knowledge,
keys, errors. Nothing here knows a vendor by name.
"""
