# Python's own readers and writers of what httpget reads and writes.
import email.parser
import email.policy
import http.cookiejar
import sys


def read_jar(path):
    jar = http.cookiejar.MozillaCookieJar(path)
    jar.load(ignore_discard=True, ignore_expires=True)
    for c in sorted(jar, key=lambda c: c.name):
        # 0, as curl writes it, is a session's end.
        kept = bool(c.expires) and not c.is_expired()
        print(c.name, c.value, c.domain, c.path, c.secure, kept, c.has_nonstandard_attr("HTTPOnly"))


def write_jar(path, domain):
    def cookie(name, value, at, secure, expires):
        return http.cookiejar.Cookie(0, name, value, None, False, at, at.startswith("."), at.startswith("."), "/", True,
                                     secure, expires, expires is None, None, None, {})
    jar = http.cookiejar.MozillaCookieJar(path)
    jar.set_cookie(cookie("session", "1", domain, False, None))
    jar.set_cookie(cookie("kept", "a b", domain, False, 4102444800))
    jar.set_cookie(cookie("old", "x", domain, False, 1))
    jar.set_cookie(cookie("safe", "s", domain, True, 4102444800))
    jar.set_cookie(cookie("other", "o", "other.example", False, 4102444800))
    jar.set_cookie(cookie("wide", "w", ".example.org", False, 4102444800))
    jar.save(ignore_discard=True, ignore_expires=True)


def read_form():
    text = sys.stdin.buffer.read().split(b"\r\n", 1)[1]
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(text)
    print(message.get_content_type())
    head, body = text.split(b"\r\n\r\n", 1)
    print("length", int(message["Content-Length"]) == len(body))
    for part in message.iter_parts():
        print(part.get_param("name", header="content-disposition"), part.get_filename(), part.get_content_type(),
              part.get_payload(decode=True), sep="|")


{"read-jar": read_jar, "write-jar": write_jar, "read-form": read_form}[sys.argv[1]](*sys.argv[2:])
