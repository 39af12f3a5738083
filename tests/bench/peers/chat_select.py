"""A chat server by select(), line by line, as the tutorial's. Prints its port."""
import select
import socket

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(4096)
print("started on port", listener.getsockname()[1], flush=True)
names, inputs = {}, {}


def tell_others(speaker, line):
    for client in list(names):
        if client is not speaker:
            try:
                client.sendall(line)
            except OSError:
                pass


while True:
    for ready in select.select([listener, *names], [], [])[0]:
        if ready is listener:
            client, peer = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            names[client], inputs[client] = b"%s:%d" % (peer[0].encode(), peer[1]), b""
            client.sendall(b"You're connected to the Python chatserver\r\n")
            tell_others(client, b"Client joined " + names[client] + b"\r\n")
            continue
        try:
            data = ready.recv(16384)
        except OSError:
            data = b""
        if not data:
            name = names.pop(ready)
            del inputs[ready]
            ready.close()
            tell_others(None, b"Client left " + name + b"\r\n")
            continue
        *lines, inputs[ready] = (inputs[ready] + data).split(b"\n")
        # All that came in one piece goes out in one piece.
        if lines:
            tell_others(ready, b"".join(b"[%s] %s\r\n" % (names[ready], line) for line in lines))
