"""Messages of anyio's workers, of zmq sockets, of gevent's subprocesses and of IDLE's."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import pickle

from telling import attempt, tell


class Own:
    def __init__(self, n: int) -> None:
        self.n = n

    def __repr__(self) -> str:
        return f"Own({self.n})"


def double(item: Own) -> Own:
    return Own(2 * item.n)


def fail() -> None:
    raise KeyError("x")


async def anyio_workers() -> object:
    import anyio.to_process

    results: list[object] = [repr(await anyio.to_process.run_sync(double, Own(2)))]
    try:
        await anyio.to_process.run_sync(fail)
    except KeyError as error:
        results.append(repr(error))
    return results


def zmq_objects() -> object:
    import zmq

    context = zmq.Context()
    one, other = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    one.bind("inproc://pair")
    other.connect("inproc://pair")
    one.send_pyobj([Own(3), double])
    return repr(other.recv_pyobj()).partition(" at ")[0]


async def zmq_async() -> object:
    import zmq.asyncio

    context = zmq.asyncio.Context()
    one, other = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    one.bind("inproc://async")
    other.connect("inproc://async")
    await one.send_pyobj(Own(3))
    return repr(await other.recv_pyobj())


def gevent_process() -> object:
    from gevent import subprocess

    out = subprocess.check_output(["echo", "hello"])
    try:
        subprocess.Popen(["/no/such/program"])
    except OSError as error:
        return [out.decode(), type(error).__name__, error.errno]
    return None


def record() -> object:
    handler = logging.handlers.SocketHandler("localhost", None)
    entry = logging.LogRecord("n", 20, "f", 3, "text %s", (Own(1),), None)
    body = handler.makePickle(entry)[4:]
    return logging.makeLogRecord(pickle.loads(body)).getMessage()


def idle() -> object:
    """Send what IDLE sends to its subprocess: a request with code."""
    import socket
    from idlelib.rpc import SocketIO

    here, there = map(SocketIO, socket.socketpair())
    here.putmessage((1, ("call", ("exec", "runcode", (double.__code__,), {}))))
    number, request = there.pollmessage(10)
    return [number, request[1][2][0].co_name]


def main() -> None:
    attempt("anyio", lambda: asyncio.run(anyio_workers()))
    attempt("zmq", zmq_objects)
    attempt("zmq, asyncio", lambda: asyncio.run(zmq_async()))
    attempt("gevent", gevent_process)
    attempt("logging", record)
    attempt("idlelib", idle)
    tell("done", True)


if __name__ == "__main__":
    main()
