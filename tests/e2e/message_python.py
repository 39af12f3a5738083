"""Another implementation's view of messages: Python's email package.

    message_python.py dump FOLDER     reads FOLDER/*.eml, writes FOLDER/*.dump
    message_python.py compose FOLDER  writes FOLDER/*.eml and FOLDER/*.dump

A dump is what both sides must agree on: one "name: value" a line, bytes in hexadecimal.
"""
import datetime
import email
import email.header
import email.policy
import email.utils
import os
import sys
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText


def addresses(message, name):
    return ", ".join(f"{a.display_name}|{a.addr_spec}"
                     for field in message.get_all(name, []) for a in field.addresses)


def content(part):
    if part.get_content_type() == "message/rfc822":
        return "message"
    if part.get_content_maintype() == "text" and not part.get_filename():
        return part.get_content().replace("\r\n", "\n").encode().hex()
    return part.get_payload(decode=True).hex()


def dump(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    lines = [f"subject: {message['subject'] or ''}", f"from: {addresses(message, 'from')}",
             f"to: {addresses(message, 'to')}"]
    if message["date"]:
        date = message["date"].datetime
        if date.tzinfo is None:  # "-0000"
            date = date.replace(tzinfo=datetime.timezone.utc)
        lines.append(f"date: {int(date.timestamp())} {int(date.utcoffset().total_seconds() / 60)}")
    for part in message.walk():
        lines.append(f"part: {part.get_content_type()}")
        if part.get_filename():
            lines.append(f"name: {part.get_filename()}")
        if not part.is_multipart():
            lines.append(f"content: {content(part)}")
    for part in message.walk():
        for defect in part.defects:
            lines.append(f"defect: {defect!r}")
    return "\n".join(lines) + "\n"


def start(subject):
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Jörg Müller <joerg@example.org>"
    message["To"] = 'Ann <ann@example.net>, "Bob, the \\"Builder\\"" <bob@example.net>, 山田 <y@example.jp>'
    message["Date"] = "Tue, 02 Jan 2024 15:04:05 +0130"
    return message


def compose():
    """Yields raw messages: the modern API, and the old one with many charsets."""
    texts = ["plain\n", "Grüße aus Köln\n", "日本語のテキスト\n", "x" * 3000 + "\n", "a = b \n\ttab\t\nend\n",
             "Mixed ü and 😀 " * 40 + "\n"]
    for text in texts:
        message = start(text.strip()[:200].replace("\n", " ").replace("\t", " "))
        message.set_content(text)
        yield message.as_bytes()
        yield message.as_bytes(policy=email.policy.SMTP)
        message.set_content(text, cte="base64")
        yield message.as_bytes()
    message = start("alternative, embedded, attached")
    message.set_content("text ü\n")
    message.add_alternative("<p>html ü <img src='cid:x@y'></p>\n", subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG\x00\xff", "image", "png", cid="<x@y>")
    message.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream",
                           filename="Bericht für März.pdf")
    message.add_attachment("attached ü text\n", filename="a b.txt")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="n" * 200 + "日本.pdf")
    yield message.as_bytes(policy=email.policy.SMTP)
    inner = start("inner ü")
    inner.set_content("inner text ü\n")
    outer = start("outer")
    outer.set_content("see below\n")
    outer.add_attachment(inner)
    yield outer.as_bytes()
    for charset, text in [("iso-8859-1", "Grüße"), ("iso-8859-2", "Łódź"), ("iso-8859-15", "10 €"),
                          ("windows-1251", "Привет, мир"), ("windows-1252", "“Zitat” – €"), ("koi8-r", "Привет, мир"),
                          ("iso-2022-jp", "日本語の件名はとても長いので折り返されます、たぶん何度も何度も"), ("shift_jis", "日本語"),
                          ("euc-jp", "日本語"), ("euc-kr", "한국어"), ("gb18030", "你好，世界"), ("gb2312", "你好"),
                          ("big5", "你好"), ("utf-8", "Grüße 日本語 😀 " * 12)]:
        old = MIMEMultipart()
        old["Subject"] = email.header.Header(text.strip(), charset, header_name="Subject")
        old["From"] = "joerg@example.org"
        old["Date"] = email.utils.formatdate(1704204245, localtime=False)
        old.attach(MIMEText(text + "\n", "plain", charset))
        part = MIMEApplication(text.encode(charset))
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", text.strip() + ".bin"))
        old.attach(part)
        old.attach(MIMEMessage(email.message_from_string("Subject: x\n\nbody\n")))
        yield old.as_bytes()


def main():
    mode, folder = sys.argv[1:]
    if mode == "compose":
        for number, raw in enumerate(compose()):
            with open(os.path.join(folder, f"{number:03}.eml"), "wb") as out:
                out.write(raw)
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".eml"):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            text = dump(file.read())
        with open(os.path.join(folder, name[:-4] + ".dump"), "w", encoding="utf-8", newline="") as out:
            out.write(text)


main()
