"""The least that the review page's libraries can answer: what its speed is compared with."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/", hello)]),
        port=int(sys.argv[1]),
        http="h11",
        log_level="error",
        access_log=False,
    )
