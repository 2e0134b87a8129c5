"""`./sereno evidence`: pictures of the running stack, taken by a real browser, with a report.

The steps are listed in `STEPS`; each looks at the running system and saves what it shows. Nothing is prepared or
painted: a page that can't be reached is told in the report as missing.
"""
