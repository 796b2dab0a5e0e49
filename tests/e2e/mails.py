"""The mails that the tests send: octets, with what was attached to them."""
import base64
import hashlib
import io
import os
import zlib
import struct
import zipfile


def sha(octets):
    return hashlib.sha256(octets).hexdigest()


def b64(octets):
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def pdf(size=30_000, seed=b""):
    return b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + (seed or os.urandom(16)).hex().encode() + os.urandom(size) + b"\n%%EOF\n"


def png(width=64, height=64):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + os.urandom(width * 3) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def zipped(files, encrypted=()):
    """A zip of these files, stored; those named in `encrypted` say that they are (APPNOTE 4.4.4)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, octets in files.items():
            archive.writestr(name, octets)
    octets = bytearray(packed.getvalue())
    for name in encrypted:
        for mark, flags_at, name_at in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
            header = octets.index(mark)
            while not octets.startswith(name.encode(), header + name_at):
                header = octets.index(mark, header + 4)
            octets[header + flags_at] |= 1
    return bytes(octets)


def packed_deep(octets, levels=200):
    """An archive in an archive in an archive: deeper than clamd unpacks."""
    for _ in range(levels):
        octets = zipped({"a.zip": octets})
    return octets


def crlf(text):
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def part(headers, body):
    return crlf(headers).encode() if isinstance(headers, str) else headers, body


def multipart(head, parts, boundary=b"=_outer", kind=b"mixed"):
    """A mail from its head (octets, CRLF, without Content-Type) and (headers, body) parts."""
    out = head + b"MIME-Version: 1.0\r\nContent-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\r\n\r\n'
    for headers, body in parts:
        out += b"--" + boundary + b"\r\n" + headers + b"\r\n" + body + b"\r\n"
    return out + b"--" + boundary + b"--\r\n"


def head(subject=b"test", sender=b"tanaka@acme.example", to=b"suzuki@recipient.example", extra=b""):
    return (
        b"From: =?UTF-8?B?" + base64.b64encode("田中 太郎".encode()) + b"?= <" + sender + b">\r\nTo: " + to + b"\r\n" + extra
        + b"Subject: " + subject + b"\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\nMessage-ID: <"
        + os.urandom(8).hex().encode() + b"@acme.example>\r\n"
    )


def encoded(text, charset="UTF-8"):
    return b"=?" + charset.encode() + b"?B?" + base64.b64encode(text.encode(charset)) + b"?="


def attachment(headers, octets):
    return headers + b"Content-Transfer-Encoding: base64\r\n", b64(octets)


NAMES = {
    # How the name is written in the header, and the name that a person sees.
    "rfc2231": (b"Content-Disposition: attachment;\r\n filename*0*=UTF-8''%E5%BE%A1%E8%A6%8B;\r\n filename*1*=%E7%A9%8D%E6%9B%B8.pdf\r\n", "御見積書.pdf"),
    "rfc2047": (b'Content-Disposition: attachment; filename="' + encoded("契約書(最終版).pdf", "ISO-2022-JP") + b'"\r\n', "契約書(最終版).pdf"),
    "shift_jis": (b'Content-Disposition: attachment; filename="' + "仕様表予算.pdf".encode("shift_jis") + b'"\r\n', "仕様表予算.pdf"),
}


def everything():
    """A mail with all that the issue names; (octets, {name: sha256}, words of the body)."""
    files = {}
    parts = []
    jis = "いつもお世話になっております。\r\n添付をご確認ください。\r\n".encode("iso-2022-jp")
    inline = png()
    html = ("<html><body><p>いつもお世話になっております。</p><p>図: <img src=\"cid:zu1@acme.example\" alt=\"配置図\"></p>"
            "</body></html>").encode()
    related = multipart(b"", [
        (b"Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n", b64(html)),
        attachment(b'Content-Type: image/png; name="zu1.png"\r\nContent-Disposition: inline; filename="zu1.png"\r\nContent-ID: <zu1@acme.example>\r\n', inline),
    ], b"=_related", b"related").removeprefix(b"MIME-Version: 1.0\r\n")
    related_head, related_body = related.split(b"\r\n\r\n", 1)
    alternative = multipart(b"", [
        (b"Content-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n", jis),
        (related_head + b"\r\n", related_body),
    ], b"=_alternative", b"alternative").removeprefix(b"MIME-Version: 1.0\r\n")
    alternative_head, alternative_body = alternative.split(b"\r\n\r\n", 1)
    parts.append((alternative_head + b"\r\n", alternative_body))
    files["zu1.png"] = sha(inline)
    for disposition, name in NAMES.values():
        octets = pdf()
        parts.append(attachment(b"Content-Type: application/pdf\r\n" + disposition, octets))
        files[name] = sha(octets)
    text = "議事メモ\r\n一行目\r\n".encode()
    parts.append((b'Content-Type: text/plain; charset=UTF-8\r\nContent-Disposition: attachment; filename="memo.txt"\r\n'
                  b"Content-Transfer-Encoding: 8bit\r\n", text))
    files["memo.txt"] = sha(text)
    nested = head(encoded("以前のご連絡")) + b"\r\nforwarded body\r\n"
    parts.append((b'Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename="forwarded.eml"\r\n', nested))
    files["forwarded.eml"] = sha(nested)
    subject = encoded("【ご確認】お見積書の件", "ISO-2022-JP")
    return multipart(head(subject, extra=b"Cc: =?UTF-8?B?5L2Q6Jek?= <sato@cc.example>\r\n"), parts), files
