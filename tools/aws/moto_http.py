"""The way in to moto's services: over connections that are kept open, one request after another, with nothing between
them and moto. The server that moto brings has each request come by a connection of its own, look through the folders of
all services twice and pass a web framework, which takes longer than most requests do.
"""
import asyncio
import functools
import re
import traceback
from http import HTTPStatus

from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from moto.core import responses
from moto.dynamodb.responses import DynamoHandler
from moto.sqs.responses import SQSResponse

SERVICES = {"dynamodb": DynamoHandler, "sqs": SQSResponse}
# A crowd that connects at once waits its turn, instead of being sent away.
BACKLOG = 2_048


async def converse(reader, writer):
    """The requests of one connection, until it is closed."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            (method, path, _), headers = parse(head.decode("latin-1"))
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            url = f"http://{headers.get('host')}{path}"
            writer.write(answer(AWSPreparedRequest(method, url, headers, body, False)))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def parse(head):
    first, *lines = head.rstrip().split("\r\n")
    fields = (line.partition(":") for line in lines)
    return first.split(" "), HeadersDict({name: value.strip() for name, _, value in fields})


def answer(request):
    """At once, so that no other request happens meanwhile."""
    try:
        service = re.search(r"/(\w+)/aws4_request", request.headers["authorization"])[1]
        status, headers, body = SERVICES[service].dispatch(request, request.url, request.headers)
    except Exception:
        traceback.print_exc()
        status, headers, body = 500, {}, "Moto broke: what it printed tells where."
    content = body.encode() if isinstance(body, str) else body
    first = f"HTTP/1.1 {int(status)} {HTTPStatus(int(status)).phrase}"
    fields = [f"{name}: {value}" for name, value in {**headers, "content-length": len(content)}.items()]
    return "\r\n".join([first, *fields, "", ""]).encode("latin-1") + content


async def serve():
    """Says its port once it listens."""
    server = await asyncio.start_server(converse, "127.0.0.1", 0, backlog=BACKLOG)
    print(f"listening {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


# It is asked for at each request.
responses.method_names_from_class = functools.cache(responses.method_names_from_class)
