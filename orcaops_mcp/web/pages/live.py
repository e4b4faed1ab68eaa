"""Where pages listen for nudges."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from core import InvalidArgumentError
from orcaops_mcp.web.nudges import MOST_TOPICS, is_topic, nudges
from orcaops_mcp.web.state import engine_of

router = APIRouter()


@router.get("/events")
async def events(request: Request, topics: str = "jobs") -> Response:
    """Server-sent events for as long as the page is open.

    Raises:
        InvalidArgumentError: A topic is none.
    """
    wanted = frozenset(topic for topic in topics.split(",") if topic)
    if not wanted or len(wanted) > MOST_TOPICS or not all(map(is_topic, wanted)):
        raise InvalidArgumentError("topics: jobs, workflows, job:ID, workflow:ID and log:ID, with commas between them")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(nudges(engine_of(request), wanted), headers=headers, media_type="text/event-stream")
