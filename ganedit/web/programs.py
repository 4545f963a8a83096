"""The tasks for programs, as endpoints of gradio: its client calls them like functions.

gradio takes seconds to import and has dozens of addresses; it is loaded when the first program
asks, and only those of its addresses answer that its client needs for these functions.
"""
PATH = "/gradio"


class Programs:
    def __init__(self, *arguments): ...

    async def __call__(self, scope, receive, send): ...
