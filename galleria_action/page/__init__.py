"""``report.html``: the plan as one page, with the pictures themselves.

The files beside these modules are the page: its parts, its style and its script, filled in by
`document`. It loads nothing and works from a disk, from an artifact and from a server alike.
"""
