# As client_main.cpp, with http.client.
import http.client
import resource
import ssl
import sys
import time

port, ca, target, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
if len(sys.argv) > 5:
    sys.exit(1)  # does not pipeline
if ca == "-":
    connection = http.client.HTTPConnection("127.0.0.1", port)
else:
    connection = http.client.HTTPSConnection(
        "localhost", port, context=ssl.create_default_context(cafile=ca))
buffer = bytearray(64 * 1024)


def get(path):
    connection.request("GET", path)
    response = connection.getresponse()
    while response.readinto(buffer):
        pass


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if count == 0:
    get(target)
    sys.exit()
for i in range(3):
    get("/small")
before, start = cpu(), time.monotonic()
for i in range(count):
    get(target)
print("%.6f %.6f" % (time.monotonic() - start, cpu() - before))
