"""E-mails for tests, as programs write them."""

import base64
from email.header import Header
from email.message import EmailMessage, Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

WHO, ADDRESS = "王小示", "wangxs2018@mail.example"
TRACES = ("relay.mail.example", "10.9.8.7", "id-4711", "PhoneMail 9")


def traced(mail: Message) -> Message:
    """With the headers by which a mail tells where it came from."""
    mail["From"] = f"{Header(WHO, 'utf-8').encode()} <{ADDRESS}>"
    mail["Received"] = f"from {TRACES[0]} ([{TRACES[1]}])"
    mail["X-Originating-IP"] = TRACES[1]
    mail["Message-ID"] = f"<{TRACES[2]}@mail.example>"
    mail["X-Mailer"] = TRACES[3]
    return mail


def mail(
    text: str, *, charset: str = "utf-8", subject: str = "反映情况", files: dict[str, bytes] | None = None
) -> bytes:
    """A plain one, with files."""
    body = MIMEText(text, "plain", charset)
    whole: Message = body
    if files:
        whole = MIMEMultipart()
        whole.attach(body)
        for name, content in files.items():
            part = MIMEApplication(content)
            part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
            whole.attach(part)
    whole["Subject"] = Header(subject, charset).encode()
    return traced(whole).as_bytes()


def page_only(html: str) -> bytes:
    """Of a program that writes pages only, in quoted-printable."""
    made = EmailMessage()
    made.set_content(html, subtype="html", cte="quoted-printable")
    return traced(made).as_bytes()


def nested(depth: int) -> bytes:
    """Multiparts within multiparts."""
    lines = [b"From: x@mail.example"]
    for level in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="b{level}"'.encode(), b"", f"--b{level}".encode()]
    return b"\r\n".join([*lines, b"Content-Type: text/plain", b"", b"deep", b""])


def sent(raw: bytes) -> str:
    """As it stands in a batch."""
    return base64.b64encode(raw).decode()
