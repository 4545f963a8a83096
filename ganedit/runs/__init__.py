"""Folders of pictures: what is found, what is finished, who does the work, what is told.

::

    inputs ──► jobs ──► journal (what is finished?) ──► engine ──► journal ──► results in place
                                                          │
                        threads · processes (one a device) · a Ray cluster

An engine turns jobs into results that are staged, complete but out of sight; the run records
each in the journal and only then moves it into place. Whatever is killed when, a result is there
with its record or is not there.
"""
