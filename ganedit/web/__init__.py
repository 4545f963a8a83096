"""The page in the browser: the tasks' rows as forms, one queue, and the files that requests see.

::

    guard ──► routes ──► forms (rows to fields, fields to options)
                 │
                 ├─────► store (pictures that were sent, results, chosen folders) ──► views
                 └─────► queue ──► worker: a process for each job, which goes the way of the
                                   command line, so that results are its files bit for bit

Requests name files by what the store calls them, never by paths; folders by their place below
one that was chosen when the page was started.
"""
