"""How to connect an agent to this engine."""

import sys
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orcaops_mcp.settings import Settings
from orcaops_mcp.web.connecting import by_http, by_pipe
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.state import doorkeeper_of, state_of

router = APIRouter()


@router.get("/connect")
async def connect(request: Request) -> Response:
    """Texts to copy into the programs that people chat in."""
    configuration = state_of(request).configuration
    home = configuration.settings.home if configuration is not None else None
    usual = Settings.model_fields["home"].default.expanduser()
    command = [str(Path(sys.executable).with_name("orcaops")), "mcp"]
    if home is not None and home != usual:
        command += ["--home", str(home)]
    token_file = None
    if doorkeeper_of(request) is not None and configuration is not None:
        token_file = str(configuration.settings.token_path)
    url = f"{request.url.scheme}://{request.url.netloc}/mcp"
    return render(request, "connect.html", ways=(by_pipe(command), by_http(url, token_file)))
