# Answers every request with what it was, as text: for comparing two clients. Prints its port first.
import gzip
import http.server
import sys

SHOWN = ["Accept", "Accept-Encoding", "Authorization", "Content-Length", "Content-Type", "Cookie", "If-Modified-Since",
         "If-None-Match", "Range", "Referer", "Transfer-Encoding", "User-Agent", "X-Test", "X-Empty"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            out = b""
            while size := int(self.rfile.readline(), 16):
                out += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return out
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self):
        body = self.body()
        kind = self.headers.get("Content-Type", "")
        if "boundary=" in kind:  # random: one word for all
            boundary = kind.split("boundary=")[1]
            body = body.replace(boundary.encode(), b"BOUNDARY")
            while b"--BOUNDARY" in body and b"---BOUNDARY" in body:
                body = body.replace(b"---BOUNDARY", b"--BOUNDARY")
        path, _, query = self.path.partition("?")
        text = f"{self.command} {self.path}\n"
        for name in SHOWN:
            value = self.headers.get(name)
            if value is None or (name == "User-Agent" and ("curl" in value or "httpget" in value)):
                continue
            if name == "Content-Type" and "boundary=" in value:
                value = value.split("boundary=")[0]
            if (name == "Content-Length" and "boundary=" in kind) or name == "Accept-Encoding":
                value = "some"
            text += f"{name}: {value}\n"
        out = text.encode() + b"\n" + body
        status, fields = 200, []
        if path.startswith("/status/"):
            status = int(path.split("/")[2])
        if path.startswith("/redirect/"):
            status = int(path.split("/")[2])
            fields.append(("Location", "/landed" + ("?" + query if query else "")))
        if path == "/set":
            fields += [("Set-Cookie", "sid=1; Path=/")]
        if path == "/gzip" and "gzip" in self.headers.get("Accept-Encoding", ""):
            out = gzip.compress(out)
            fields.append(("Content-Encoding", "gzip"))
        if path == "/login" and not self.headers.get("Authorization"):
            status = 401
            fields.append(("WWW-Authenticate", 'Basic realm="r"'))
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(out)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
sys.stdin.close()
server.serve_forever()
