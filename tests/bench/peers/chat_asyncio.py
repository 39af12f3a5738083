"""A chat server by asyncio streams. Prints its port."""
import asyncio

writers = {}


def tell_others(speaker, line):
    for writer in writers:
        if writer is not speaker:
            writer.write(line)


async def serve(reader, writer):
    name = "%s:%d" % writer.get_extra_info("peername")[:2]
    writer.write(b"You're connected to the asyncio chatserver\r\n")
    writers[writer] = name
    tell_others(writer, f"Client joined {name}\r\n".encode())
    try:
        while line := await reader.readline():
            tell_others(writer, b"[%s] %s\r\n" % (name.encode(), line.rstrip(b"\r\n")))
    except OSError:
        pass
    del writers[writer]
    tell_others(writer, f"Client left {name}\r\n".encode())
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    print("started on port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
