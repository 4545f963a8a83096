"""Moving pictures: every edit of a picture, done to each frame, with time and sound kept.

::

    kinds ──► timeline (every frame's time, scenes) ──► segments ──► joining ──► one file
                                                          │
               reading ─► settling ─► task ─► steadying ─► encoding

A task knows nothing of videos: it is given one frame after another. A segment is some seconds of
frames, a file of its own; segments are made in any order, by any engine of `ganedit.runs`, and
what is finished of them outlives whatever ends the run. Containers are read and written with PyAV,
of the extra `ganedit[video]`, which is imported when the first of them is opened.
"""
