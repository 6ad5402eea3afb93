"""A real MCP server (PyPI `mcp`) with tools that cost something. Writes down what reaches it.

usage: priced_tools.py FILE
"""
import json
import sys
from typing import Any

from mcp.server.mcpserver import MCPServer

server = MCPServer("priced")


def seen(**call):
    with open(sys.argv[1], "a") as file:
        file.write(json.dumps(call) + "\n")


@server.tool()
def generate_text(prompt: str, max_tokens: int = 100_000) -> dict[str, Any]:
    """Says as much as it may, but never more than 700 tokens."""
    seen(tool="generate_text", prompt=prompt, max_tokens=max_tokens)
    return {"text": "…", "usage": {"output_tokens": min(max_tokens, 700)}}


@server.tool()
def draw_image(images: int) -> str:
    """Does not say what it used."""
    seen(tool="draw_image", images=images)
    return f"{images} images"


server.run()
