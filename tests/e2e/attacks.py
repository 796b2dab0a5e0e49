"""Attack mails: each carries EICAR in a way that readers of MIME may read differently.

Everything here is pure and gives the same octets each time. `all_attacks()` yields `Attack`s: a name, the mail, and
what the gateway must decide by the spec's words (3.2 to 3.4a), or None where the spec leaves it open: there only the
proof counts that nothing of the planted file leaves. `LEGITIMATE` are mails that must go through.
"""
import base64
import binascii
import collections
import random

from harness import EICAR

Attack = collections.namedtuple("Attack", "name mail expected")

BASE64 = base64.b64encode(EICAR)
BODY = BASE64[:76] + b"\r\n" + BASE64[76:] + b"\r\n"
QP = EICAR.replace(b"=", b"=3D")
HEX = b"".join(b"=%02X" % octet for octet in EICAR)
HEAD = (b"From: Tanaka <tanaka@acme.example>\r\nTo: suzuki@recipient.example\r\nSubject: test\r\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0900\r\nMessage-ID: <attack@acme.example>\r\n")
VERSION = b"MIME-Version: 1.0\r\n"
TEXT = b"Content-Type: text/plain\r\n\r\nhello\r\n"
TYPE = b"Content-Type: application/octet-stream\r\n"
DISPOSITION = b'Content-Disposition: attachment; filename="evil.exe"\r\n'
ENCODING = b"Content-Transfer-Encoding: base64\r\n"
PLANTED = TYPE + DISPOSITION + ENCODING + b"\r\n" + BODY


def lines(*fields):
    """Header fields, each with its line end."""
    return b"".join(f + b"\r\n" for f in fields)


def mail(body, kind=b"multipart/mixed; boundary=BB", version=VERSION):
    """A mail with this Content-Type."""
    return HEAD + version + b"Content-Type: " + kind + b"\r\n\r\n" + body


def parts(*inner, boundary=b"BB", close=True):
    """The body of a multipart from its parts (headers, blank line, body)."""
    out = b"".join(b"--" + boundary + b"\r\n" + part.removesuffix(b"\r\n") + b"\r\n" for part in inner)
    return out + (b"--" + boundary + b"--\r\n" if close else b"")


def carried(part, first=TEXT):
    """A mail with a text and this part."""
    return mail(parts(first, part))


def both(name, fields, expected, body=BODY):
    """The same fields on a part of a multipart, and on a mail that is itself the file."""
    yield Attack(name, carried(fields + b"\r\n" + body), expected)
    yield Attack(name + ", alone", HEAD + VERSION + fields + b"\r\n" + body, expected)


def uu(octets=EICAR, name=b"evil.exe", begin=b"begin 644 "):
    """A uuencoded file."""
    rows = b"".join(binascii.b2a_uu(octets[i:i + 45]) for i in range(0, len(octets), 45))
    return (begin + name + b"\n" + rows + b"`\nend\n").replace(b"\n", b"\r\n")


def yenc(octets=EICAR):
    """The yEnc form of the octets."""
    return b"".join(b"=" + bytes([(c + 64) % 256]) if c in b"\0\n\r=" else bytes([c])
                    for c in bytes((o + 42) % 256 for o in octets))


def yenc_file(first=b"=ybegin line=128 size=%d name=evil.exe" % len(EICAR)):
    """A yEnc file."""
    return first + b"\r\n" + yenc() + b"\r\n=yend size=%d\r\n" % len(EICAR)


HQX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                      b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr")
XX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                     b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def crc16(octets):
    """The check sum of BinHex (CRC-CCITT)."""
    crc = binascii.crc_hqx(octets, 0)
    return crc.to_bytes(2, "big")


def binhex():
    """A BinHex 4.0 file; nothing in it repeats thrice, so nothing is run-length coded save zeros."""
    head = b"\x08evil.exe\0APPL????\0\0" + len(EICAR).to_bytes(4, "big") + bytes(4)
    octets = head + crc16(head) + EICAR + crc16(EICAR) + crc16(b"")
    octets = octets.replace(b"\x90", b"\x90\0")
    row = b":" + base64.b64encode(octets).rstrip(b"=").translate(HQX) + b":"
    rows = b"\r\n".join(row[i:i + 64] for i in range(0, len(row), 64))
    return b"(This file must be converted with BinHex 4.0)\r\n\r\n" + rows + b"\r\n"


def doubled_fields():
    """A field that steers the structure, twice."""
    text, octets = b"Content-Type: text/plain", b"Content-Type: application/octet-stream"
    types = {
        "text first": [text, octets], "text last": [octets, text], "html and octets": [b"Content-Type: text/html", octets],
        "names in other cases": [b"content-type: text/plain", b"CONTENT-TYPE: application/octet-stream"],
        "text between": [octets, b"X-Other: 1", text], "folded": [b"Content-Type:\r\n text/plain", octets],
        "three": [text, octets, b"Content-Type: image/png"], "one of them broken": [text, b"Content-Type: application"],
        "mail and octets": [b"Content-Type: message/rfc822", octets], "multipart and octets": [b"Content-Type: multipart/mixed; boundary=CC", octets],
        "image and octets": [b"Content-Type: image/png", octets], "octets and partial": [octets, b"Content-Type: message/partial; id=a; number=1"],
        "text and pdf": [text, b"Content-Type: application/pdf; name=a.pdf"], "empty last": [octets, b"Content-Type:"],
        "empty first": [b"Content-Type:", octets],
    }
    for name, fields in types.items():
        expected = None if "empty" in name else "hold"
        yield from both(f"Content-Type twice: {name}", lines(*fields) + DISPOSITION + ENCODING, expected)
    encodings = [(b"base64", b"7bit"), (b"7bit", b"base64"), (b"base64", b"quoted-printable"), (b"quoted-printable", b"base64"),
                 (b"8bit", b"base64"), (b"base64", b"binary"), (b"base64", b"x-uuencode"), (b"x-unknown", b"base64")]
    for first, second in encodings:
        fields = lines(b"Content-Transfer-Encoding: " + first, b"X-Between: 1", b"Content-Transfer-Encoding: " + second)
        yield from both(f"Transfer-Encoding twice: {first.decode()}, {second.decode()}", TYPE + DISPOSITION + fields, "hold")
    dispositions = [(b"inline", b"attachment; filename=a.exe"), (b"attachment; filename=a.exe", b"inline"),
                    (b"attachment; filename=a.txt", b"attachment; filename=b.exe"), (b"inline; filename=a.txt", b"attachment; filename=a.txt"),
                    (b"x-other; filename=a.exe", b"inline")]
    for first, second in dispositions:
        fields = lines(b"Content-Disposition: " + first, b"Content-Disposition: " + second)
        yield from both(f"Disposition twice: {first.decode()}, {second.decode()}", TYPE + ENCODING + fields, "hold")
    for name, field in {"Content-Type": TYPE, "Disposition": DISPOSITION, "Transfer-Encoding": ENCODING}.items():
        yield from both(f"{name} twice, the same", TYPE + DISPOSITION + ENCODING + field, "deposit")


def field_names():
    """White space and control characters in and after the names of fields."""
    for place, char in [(p, c) for p in ("before the colon", "inside") for c in (b" ", b"\t", b"\0", b"\x01", b"\x0b", b"\x0c", b"\x1b", b"\x7f", b"\xa0", b"\r")]:
        for field in (b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: base64", b"Content-Disposition: attachment; filename=evil.exe"):
            name, value = field.split(b":", 1)
            odd = name + char + b":" + value if place == "before the colon" else name[:8] + char + name[8:] + b":" + value
            rest = [f for f in (TYPE, ENCODING, DISPOSITION) if not f.startswith(name)]
            if name != b"Content-Disposition":
                held = (place == "before the colon" and char != b"\xa0") or char in b"\0\r"
                yield from both(f"{name.decode()} with {char!r} {place}", lines(odd) + b"".join(rest), "hold" if held else None)
            else:
                yield Attack(f"{name.decode()} with {char!r} {place}", carried(lines(odd) + b"".join(rest) + b"\r\n" + BODY),
                             "hold" if place == "before the colon" and char != b"\xa0" or char in b"\0\r" else None)
    for name in (b"Content_Type", b"X-Content-Type", b"Content-Typ", b"Content--Type", b"ContentType", b"Content-Type;", b"\xef\xbb\xbfContent-Type",
                 b" Content-Type", b"Content-\r\n Type", b"=?utf-8?q?Content-Type?="):
        yield from both(f"a name like Content-Type: {name!r}", DISPOSITION + ENCODING + name + b": application/octet-stream\r\n", None)


UNKNOWN_ENCODINGS = [
    b'"base64"', b"(c) base64", b"base64 (c)", b"ba(c)se64", b"base64(7bit)", b"(base64) 7bit", b"=?utf-8?q?base64?=", b"=?us-ascii?B?YmFzZTY0?=",
    b"x-uuencode", b"uuencode", b"x-uue", b"uue", b"x-yencode", b"yenc", b"gzip64", b"x-gzip64", b"base-64", b"base 64", b"b64", b"b", b"q",
    b"8-bit", b"7-bit", b"none", b"identity", b"binhex", b"mac-binhex40", b"x-binhex40", b"x-base64", b"base64;", b"base64; x=y", b"base64, 7bit",
    b"7bit, base64", b"7bit base64", b"base64 7bit", b"base64.", b"base64\x0b", b"base64\xa0", b"base\r\n 64", b"'base64'", b"<base64>", b"base64\\",
    b"\\base64", b"base64\x1b", b"\x01base64", b"base64:", b"quoted-printable; x", b"quotedprintable", b"quoted printable", b"utf-8",
]


def encodings():
    """Content-Transfer-Encoding disguised or unknown."""
    for value in UNKNOWN_ENCODINGS:
        yield from both(f"encoding {value!r}", TYPE + DISPOSITION + lines(b"Content-Transfer-Encoding: " + value), "hold")
    for value in (b"BASE64", b"bAsE64", b"  base64  ", b"\tbase64", b"\r\n base64", b"base64\t\r\n "):
        yield from both(f"encoding {value!r}", TYPE + DISPOSITION + lines(b"Content-Transfer-Encoding: " + value), "deposit")
    for value in (b"", b"\x00base64", b"base64\x00"):
        yield from both(f"encoding {value!r}", TYPE + DISPOSITION + lines(b"Content-Transfer-Encoding: " + value), "hold" if value else None)
    inner = parts(TEXT, PLANTED, boundary=b"CC")
    for value, body in ((b"base64", base64.encodebytes(inner)), (b"quoted-printable", inner.replace(b"=", b"=3D")), (b"base64", inner), (b"x-own", inner)):
        yield Attack(f"a multipart in {value.decode()}, {body[:4]!r}", carried(b"Content-Type: multipart/mixed; boundary=CC\r\n" + lines(
            b"Content-Transfer-Encoding: " + value) + b"\r\n" + body), "hold" if value == b"x-own" else None)


INTERRUPTED = {
    "exclamation mark": BASE64[:40] + b"!" + BASE64[40:], "hyphen": BASE64[:40] + b"-" + BASE64[40:], "underscore": BASE64[:40] + b"_" + BASE64[40:],
    "comma": BASE64[:40] + b"," + BASE64[40:], "high octet": BASE64[:40] + b"\xff" + BASE64[40:], "no-break space": BASE64[:40] + b"\xa0" + BASE64[40:],
    "asterisk in every line": b"*" + BODY.replace(b"\r\n", b"\r\n*", 1), "quoted": b"> " + BODY.replace(b"\r\n", b"\r\n> ", 1),
    "padding in the midst": BASE64[:40] + b"=" + BASE64[40:], "two paddings in the midst": BASE64[:38] + b"==" + BASE64[38:],
    "two files one after another": base64.b64encode(EICAR[:31]) + b"\r\n" + base64.b64encode(EICAR[31:]),
    "text after the padding": BASE64.rstrip(b"=") + b"==\r\nand text", "base64 after the padding": b"QQ==\r\n" + BASE64,
    "a line of text before": b"Here it is:\r\n" + BODY, "armoured": b"-----BEGIN FILE-----\r\n" + BODY + b"-----END FILE-----",
    "a checksum after": BODY + b"=abcd", "a dot line": BASE64[:40] + b"\r\n.\r\n" + BASE64[40:], "begin-base64": b"begin-base64 644 evil.exe\r\n" + BODY + b"====",
    "comment": BASE64[:40] + b"(c)" + BASE64[40:], "quoted-printable breaks": BASE64[:40] + b"=\r\n" + BASE64[40:], "backslash": BASE64[:40] + b"\\" + BASE64[40:],
    "a header again": ENCODING + b"\r\n" + BODY, "an escape sequence": b"\x1b(B" + BODY, "a byte order mark": b"\xef\xbb\xbf" + BODY,
    "pad only, then base64": b"====\r\n" + BODY, "NUL": BASE64[:40] + b"\0" + BASE64[40:], "backspace": BASE64[:40] + b"A\x08" + BASE64[40:],
}
SPACED = {
    "blank lines": BASE64[:40] + b"\r\n\r\n\r\n" + BASE64[40:], "blanks": b" ".join(BASE64[i:i + 1] for i in range(len(BASE64))),
    "tabs": b"\t" + BASE64[:7] + b"\t" + BASE64[7:], "one line": BASE64, "a line for each": b"\r\n".join(BASE64[i:i + 1] for i in range(len(BASE64))),
    "bare LF": BODY.replace(b"\r\n", b"\n"), "blank lines before": b"\r\n\r\n" + BODY, "blank lines after": BODY + b"\r\n\r\n \r\n",
}
OPEN64 = {
    "no padding": BASE64.rstrip(b"="), "one octet missing": BASE64[:-5], "one char too many": BASE64.rstrip(b"=") + b"A", "three paddings": BASE64.rstrip(b"=") + b"===",
    "many paddings": BASE64.rstrip(b"=") + b"=" * 20, "padding over two lines": BASE64.rstrip(b"=") + b"=\r\n=", "bits below the padding": BASE64.rstrip(b"=")[:-1] + b"p==",
    "form feed": BASE64[:40] + b"\x0c" + BASE64[40:], "vertical tab": BASE64[:40] + b"\x0b" + BASE64[40:], "bare CR": BASE64[:40] + b"\r" + BASE64[40:],
    "not base64 at all": EICAR, "cut in a quartet": BASE64[:42], "url alphabet": BASE64.replace(b"+", b"-").replace(b"/", b"_"), "utf-16": b"\xff\xfe" + BASE64.decode().encode("utf-16-le"),
}


def base64_bodies():
    """Base64 interrupted, cut and padded."""
    for table, expected in ((INTERRUPTED, "hold"), (SPACED, "deposit"), (OPEN64, None)):
        for name, body in table.items():
            yield from both(f"base64: {name}", TYPE + DISPOSITION + ENCODING, expected, body + b"\r\n")


def quoted_printable_bodies():
    """Bad quoted-printable is kept literally."""
    half = len(QP) // 2
    bodies = {
        "literal": QP, "all escaped": HEX, "lower case": HEX.lower(), "bad escape": QP[:half] + b"=ZZ" + QP[half:], "half an escape": QP + b"=4",
        "escape with a blank": b"= 41" + QP, "doubled equals": b"==41" + QP, "lone equals at the end": QP + b"=", "soft breaks with blanks": QP[:half] + b"= \t\r\n" + QP[half:],
        "soft break at the end": QP + b"=\r\n", "8-bit": b"\xff\xfe" + QP, "blanks at line ends": QP + b"   \t\r\n", "bare LF soft break": QP[:half] + b"=\n" + QP[half:],
        "control characters": b"\x01\x02" + QP, "a very long line": b"A" * 2000 + QP, "escaped CR and LF": QP[:half] + b"=0D=0A" + QP[half:], "escape over a soft break": b"=\r\n".join(HEX[i:i + 1] for i in range(len(HEX))),
        "equals and dot": b"=.=\r\n" + QP,
    }
    fields = TYPE + DISPOSITION + lines(b"Content-Transfer-Encoding: quoted-printable")
    for name, body in bodies.items():
        yield from both(f"quoted-printable: {name}", fields, "deposit", body + b"\r\n")


def files_in_text():
    """A uuencoded, yEnc, xxencoded or BinHex file in a text body."""
    held = {
        "uuencoded": uu(), "uuencoded, mode 0600": uu(begin=b"begin 600 "), "uuencoded, mode 755": uu(begin=b"begin 755 "), "uuencoded, name with blanks": uu(name=b"evil file.exe"),
        "uuencoded, after text": b"Dear all,\r\n\r\n" + uu() + b"\r\nregards\r\n", "uuencoded, twice": uu() + uu(name=b"b.exe"), "uuencoded, Japanese name": uu(name="悪.exe".encode()),
        "uuencoded, bare LF": uu().replace(b"\r\n", b"\n"), "yEnc": yenc_file(), "yEnc, in parts": yenc_file(
            b"=ybegin part=1 total=2 line=128 size=68 name=evil.exe\r\n=ypart begin=1 end=68"), "yEnc, after text": b"see below\r\n\r\n" + yenc_file(),
    }
    odd = {
        "uuencoded, no end": uu().split(b"`")[0], "uuencoded, blanks before": b"  " + uu(), "uuencoded, BEGIN": uu(begin=b"BEGIN 644 "), "uuencoded, mode 0644": uu(begin=b"begin 0644 "),
        "uuencoded, mode 100644": uu(begin=b"begin 100644 "), "uuencoded, two blanks": uu(begin=b"begin  644  "), "uuencoded, tabs": uu(begin=b"begin\t644\t"), "uuencoded, no name": uu(name=b""),
        "uuencoded, blanks for zero": uu().replace(b"`", b" "), "uuencoded, no mode": uu(begin=b"begin "), "uuencoded, quoted": b"> " + uu().replace(b"\r\n", b"\r\n> "),
        "uuencoded, bare CR": uu().replace(b"\r\n", b"\r"), "uuencoded, no zero line": uu().replace(b"`\r\n", b""), "base64 of uuencode": b"begin-base64 644 evil.exe\r\n" + BODY + b"====\r\n",
        "xxencoded": b"begin 644 evil.exe\r\nh" + BASE64[:60].translate(XX) + b"\r\nL" + BASE64[60:].translate(XX) + b"\r\n+\r\nend\r\n",
        "yEnc, no end": yenc_file().split(b"=yend")[0], "BinHex": binhex(), "BinHex, after text": b"see below\r\n" + binhex(),
        "uuencoded, mode 888": uu(begin=b"begin 888 "), "uuencoded, mode +644": uu(begin=b"begin +644 "), "uuencoded, mode -1": uu(begin=b"begin -1 "), "uuencoded, mode 4294967940": uu(begin=b"begin 4294967940 "),
        "uuencoded, mode 18446744073709552260": uu(begin=b"begin 18446744073709552260 "), "uuencoded, mode 4294967297": uu(begin=b"begin 4294967297 "),
        "uuencoded, blank lines": uu().replace(b"\r\n", b"\r\n\r\n"), "uuencoded, blanks at line ends": uu().replace(b"\r\n", b"  \r\n"),
    }
    for name, body in {**held, **odd, **parts_in_text(), **{name: b"hello\r\n\r\n" + body for name, body in encoded_below_a_header()}}.items():
        yield from text_carriers(name, body)
    yield from files_in_charsets()


# What begins no file to any reader of what leaves: a text about one, which stays a text with every word of it. (A field names a file, and what stands below it is not plainly a file's data.)
WORDS_ONLY = {"uuencoded, no mode", "uuencoded, quoted", "encoded, short lines", "encoded, marks", "encoded, Japanese", "a part in a text, short lines", "a begin line below a header in a text", *(f"a part in a text, {name}" for name in (
    "quoted", "indented", "literal", "its name folded", "inline", "its type named", "after two paragraphs", "its place", "its name far right", "its field in an encoded word", "a field open", "its name folded apart", "applefile",
    *(repr(field) for field in (b"X-Content-Type: a/b; name=evil.exe", b">Content-Disposition: x; filename=evil.exe", b"X-Content-Location: evil.exe"))))}


def hiding(text):
    """Encoded words with this in them behind a line end, as ripmime takes them."""
    quoted = lambda text: b"".join(bytes([octet]) if bytes([octet]).isalnum() else b"=%02X" % octet for octet in text)
    for end in (b"\n", b"\r", b"\r\n"):
        yield b"=?us-ascii?Q?hi" + quoted(end + text) + b"?="
        yield b"=?utf-8?B?" + base64.b64encode(b"hi" + end + text) + b"?="
    for start in (b"=?us-ascii?q*en?hi", b"=?us-ascii?QQ?hi", b"=?us-ascii\r\nX-Y: ?Q?hi"):
        yield start + quoted(b"\n" + text) + b"?="
    yield b"=?utf-8?B?" + base64.b64encode(b"hi\n" + text)


HIDING = list(hiding(b"Content-Disposition: attachment; filename=evil.exe"))


# As a field that names a file is written to readers to whom what begins like it is it.
LAX_FIELDS = [b"Content-Disposition" + separator + b"attachment; filename=evil.exe" for separator in (b"; ", b"x ", b" is set to ", b" ;", b"s: ", b"/ ", b"\r\n\t", b":\r\n\t")] + [
    b"Content-Type: a/b; " + name for name in (b"name evil.exe", b"filename evil.exe", b"name(c)=evil.exe", b"(c)name(c)=evil.exe", b"fi=?utf-8?q?lena?=me=evil.exe", b"n=?utf-8?q?ame=3Devil=2Eexe?=",
                                               b"=?utf-8?b?bmFtZT1ldmlsLmV4ZQ==?=")] + [b"Content-Type; a/b; name=evil.exe", b"Content-Type, a/b; name=evil.exe", b"Content-Location; evil.exe", b"Content-Locations: evil.exe"]


def parts_in_text():
    """A part's header and content in a text: ripmime and munpack look for such, and take them for parts."""
    named, typed = b'Content-Disposition: attachment; filename="evil.exe"\r\n', b"Content-Type: application/octet-stream\r\n"
    return {
        "a part in a text": b"hello\r\n\r\n" + PLANTED, "a part in a text, no words before": PLANTED, "a part in a text, its type and encoding": typed + ENCODING + b"\r\n" + BODY,
        "a part in a text, its name and encoding": named + ENCODING + b"\r\n" + BODY, "a part in a text, far down": b"hello\r\n" * 200 + PLANTED, "a part in a text, words between": typed + b"words\r\n" + named + b"words\r\n" + ENCODING + b"\r\n" + BODY,
        "a part in a text, folded": typed + b"Content-Transfer-Encoding:\r\n base64\r\n\r\n" + BODY, "a part in a text, literal": named + b"\r\n" + EICAR + b"\r\n", "a mail in a text": b"From: x@y\r\nSubject: z\r\n" + PLANTED,
        "a part in a text, its name folded": b'Content-Disposition: attachment;\r\n filename="evil.exe"\r\n\r\n' + EICAR + b"\r\n",
        "a part in a text, inline": b"Content-Disposition:\r\n inline; filename=evil.exe\r\n\r\n" + EICAR + b"\r\n", "a part in a text, its type named": b"Content-Type: text/plain; name=evil.exe\r\n\r\n" + EICAR + b"\r\n",
        "a part in a text, after two paragraphs": b"hello\r\n\r\nhello\r\n\r\nContent-Type: a/b; x=y; NAME*0*=us-ascii''evil.exe\r\n\r\n" + EICAR + b"\r\n",
        "a part in a text, its place": b"Content-Location: evil.exe\r\n\r\n" + EICAR + b"\r\n", "a part in a text, its name far right": b"Content-Type: a/b; x=" + b"x" * 300 + b"; name=evil.exe\r\n\r\n" + EICAR + b"\r\n",
        "a part in a text, its field in an encoded word": b"Content=?utf-8?q?-Disposition: attachment; filename=evil.exe\r\n\r\n" + EICAR + b"\r\n",
        "a mail in a text, of mbox": b"hello\r\n\r\nFrom x@y Thu Jan  1 00:00:00 1970\r\nFrom: a@b\r\n" + VERSION + typed.rstrip() + b"; name=evil.exe\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + HEX + b"\r\n",
        "a multipart in a text": VERSION + b"Content-Type: multipart/mixed; boundary=ZZ\r\n\r\n" + parts(TEXT, PLANTED, boundary=b"ZZ"),
        "a part in a text, short lines": typed + named + ENCODING + b"\r\n" + b"\r\n".join(BASE64[i:i + 20] for i in range(0, len(BASE64), 20)) + b"\r\n",
        **{f"a part in a text, {field!r}": b"hello\r\n\r\n" + field + b"\r\nContent-Transfer-Encoding; base64\r\n\r\n" + BODY for field in LAX_FIELDS},
        **{f"a part in a text, {word}": b"hello\r\n\r\nSubject: " + word + b"\r\n\r\n" + BODY for word in HIDING},
        **{f"a part in a text, {field!r}": b"hello\r\n\r\nDate: x\r\n" + field + b"\r\n\r\nMZ\r\n" for field in (b"X-Content-Type: a/b; name=evil.exe", b">Content-Disposition: x; filename=evil.exe", b"X-Content-Location: evil.exe")},
        "a part in a text, a field open": b"hello\r\n\r\nContent-Type: text/plain;\r\nX-Foo: name=evil.exe\r\n\r\nMZ\r\n", "a begin line below a header in a text": b"Date: x\r\n\r\nhello\r\nbegin 7 evil.exe\r\n", "a part in a text, its name folded apart": b"hello\r\n\r\nContent-Type: a/b; name\r\n\tevil.exe\r\n\r\nMZ\r\n",
        "a part in a text, an encoded word folded": b"hello\r\n\r\nDate: x\r\nX: =?utf-8?B?aGkKQ29ud\r\n GVudC1Mb2NhdGlvbjogZXZpbC5leGU=?=\r\n\r\nMZ\r\n", "a part in a text, applefile": b"Content-Type: application/applefile\r\n\r\nMZ\r\n",
        "a part in a text, bare CR": PLANTED.replace(b"\r\n", b"\r"), "a part in a text, bare LF": PLANTED.replace(b"\r\n", b"\n"),
        "a part in a text, quoted": b"> " + PLANTED.replace(b"\r\n", b"\r\n> "), "a part in a text, indented": b"  " + PLANTED.replace(b"\r\n", b"\r\n  "),
    }


CTE = b"Content-Transfer-Encoding"
ENCODED = {"base64": base64.encodebytes(b"hello\n\n" + PLANTED).replace(b"\n", b"\r\n"),
           "quoted-printable": b"\r\n".join(b"".join(b"=%02X" % octet for octet in row) for row in (b"hello\n\n" + PLANTED).splitlines())}
FLAT = base64.b64encode(b"hello\n\n" + PLANTED)


def encoded_below_a_header():
    """A part that is encoded below a pseudo-header in a text: ripmime decodes it, and looks again."""
    for value in (b"base64", b"binary base64", b"base64 (8bit)", b"x-8bit-base64", b'"base64"', b"ba(c;)se64", b"ba(\")\")se64", b"=?us-ascii?Q?base?=64"):
        yield f"encoded, {value!r}", CTE + b": " + value + b"\r\n\r\n" + ENCODED["base64"]
    for field in (CTE + b"s: base64", CTE + b":\r\n base64", CTE + b"\r\n: base64", b"Date: x\r\nX-" + CTE + b": base64"):
        yield f"encoded, {field!r}", field + b"\r\n\r\n" + ENCODED["base64"]
    rows = lambda size: [FLAT[i:i + size] for i in range(0, len(FLAT), size)]
    for name, data in {"short lines": b"\r\n".join(rows(12)), "marks": b"> " + b"\r\n> ".join(rows(60)), "Japanese": "。\r\n".encode().join(rows(60)), "far down": b"-\r\n" * 300 + ENCODED["base64"]}.items():
        yield f"encoded, {name}", CTE + b": base64\r\n\r\n" + data + b"\r\n"
    yield "encoded, quoted-printable", CTE + b": quoted-printable\r\n\r\n" + ENCODED["quoted-printable"] + b"\r\n"


def text_carriers(name, body):
    """The same text as the body, and as the second text of a multipart."""
    yield Attack(f"{name} in a text", HEAD + VERSION + b"Content-Type: text/plain\r\n\r\n" + body, "relay" if name in WORDS_ONLY else "hold")
    expected = "deposit" if name in WORDS_ONLY else "hold"
    coded = base64.encodebytes(body).replace(b"\n", b"\r\n")
    inner = b"Content-Type: text/plain; charset=utf-8\r\n" + ENCODING + b"\r\n" + coded
    yield Attack(f"{name} in a base64 text", mail(parts(TEXT, inner, PLANTED)), expected)


def files_in_charsets():
    """A uuencoded file that appears only where the character set is read."""
    for charset in ("utf-16", "utf-16le", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-7", "iso-2022-jp", "shift_jis", "x-unknown"):
        octets = uu().decode("ascii").encode("us-ascii" if charset == "x-unknown" else charset)
        coded = base64.encodebytes(octets).replace(b"\n", b"\r\n")
        part = b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n" + ENCODING + b"\r\n" + coded
        yield Attack(f"uuencoded in {charset}", mail(parts(part, PLANTED)), "hold")
    html = b"Content-Type: text/html\r\n\r\n<p>x</p><pre>\r\n" + uu() + b"</pre>\r\n"
    yield Attack("uuencoded in HTML", mail(parts(html, PLANTED)), None)
    quoted = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + uu().replace(b"=", b"=3D").replace(b"begin", b"=62egin")
    yield Attack("uuencoded in quoted-printable", mail(parts(quoted, PLANTED)), "hold")
    for place, body in {"preamble": uu() + parts(TEXT, PLANTED), "epilogue": parts(TEXT, PLANTED) + uu()}.items():
        yield Attack(f"uuencoded in the {place}", mail(body), None)


def cuts_in_html():
    """A field of a part just where a line of HTML is cut, behind each way in which one is ended before that."""
    field = b"From: x\r\nX-Content-Disposition: attachment; filename=evil.exe\r\n\r\n" + EICAR + b"\r\n"
    for name, end, within in (("a comment", b" ", 4), ("a tag", b"<br>", 2), ("an attribute", b"<b x y='1'>", 8)):
        for cut in (1023, 2046):
            line = b"x" * 705 + end + b"y" * (cut - within) + field
            html = b"Content-Type: text/html; charset=utf-8\r\n" + ENCODING + b"\r\n" + base64.encodebytes(b"begin with the\r\n" + line).replace(b"\n", b"\r\n")
            yield Attack(f"a field at octet {cut} of HTML behind {name}", mail(parts(TEXT, html), b"multipart/alternative; boundary=BB"), "hold")


# Texts in which nobody finds a file once they are in base64: they go out, with every word.
VEILED = {
    "a table": "Content-Type\tName\tSize\ntext/html\tindex\t10\n\nmore\n", "an error": "content-type mismatch: name is required\n\nmore\n", "Japanese": "Content-Type の name パラメータについて\n\nmore\n", "XML": '<Content-Type name="foo" value="bar"/>\n\nmore\n',
    "brackets": "[Content-Type] name = x\n\nmore\n", "a list": "2.Content-Disposition、filename = 任意\n\nmore\n", "git": "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-Content-Type: text/plain; name=x\n+Content-Type: text/plain; name=y\n\nmore\n",
    "a patch": "--- a/mail.txt\n+++ b/mail.txt\nContent-Transfer-Encoding: base64\n", "SQL": "begin 1 work\nUPDATE T SET A=1 WHERE B=2 AND C=3 AND D=4;\nend\n", "a price": "Begin 500 yen\nEnd 700 yen\n", "a date": "begin 7 days before\nsee you\n",
    "a style sheet": "<style>\n.content-type-name { color: red }\n</style>\n", "OpenPGP": "-----BEGIN PGP MESSAGE----- という行があるメール\n",
}


# By what an escape, a mark or a shift is no text: where it is decoded, it is gone.
VANISHING = [b"\x1b(B", b"\x1b(J", b"\x1b$B\x1b(B", b"\x0e\x0f", b"\x0f", b"\x1b(I\x1b(B", b"\x1b$@\x1b(J", b"\x1b$(D\x1b(B", b"\xef\xbb\xbf"]
LABELS = [b"", b"utf-8", b"us-ascii", b"iso-2022-jp", b"iso-2022-jp-ms", b"cp50221", b"iso-2022-jp-2004", b"jis", b"shift_jis", b"euc-jp", b"x-unknown", b"unknown-8bit",
          b"binary", b"cesu-8", b"shift_jis-2004", b"replacement", b"iso-8859-1", b"cp437"]


def shown_only_decoded():
    """A uuencoded file, or OpenPGP, whose first line is one only where the text is decoded. (Not the planted file: to whom it is none, a text stays.)"""
    rest = uu(b"MZ").split(b"\r\n", 1)[1]
    for label in LABELS:
        kind = b"Content-Type: text/plain" + (b"; charset=" + label if label else b"") + b"\r\n\r\n"
        for gone in VANISHING:
            for place, text in {"before": gone + b"begin 644 evil.exe\r\n", "within": b"be" + gone + b"gin 644 evil.exe\r\n"}.items():
                yield Attack(f"uuencoded in {label!r}, {gone!r} {place}", carried(PLANTED, first=kind + text + rest), None)
            yield Attack(f"OpenPGP in {label!r} behind {gone!r}", carried(PLANTED, first=kind + gone + b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n"), None)


def texts_for_line_readers():
    """Mails without files in which readers that go by lines may still find one. (Their content is not the planted file: a text stays.)"""
    named = b"Content-Type: application/octet-stream; name=evil.exe\r\n\r\nMZ\r\n"
    alternative = b"multipart/alternative; boundary=BB"
    html = b"Content-Type: text/html\r\n\r\n<p>\r\n"
    for name, octets in {"begin": uu(b"MZ").replace(b"begin ", b"begin\0 "), "a part": named.replace(b"name", b"na\0me")}.items():
        yield Attack(f"{name} with a NUL in a text", HEAD + VERSION + b"Content-Type: text/plain\r\n\r\n" + octets, None)
    for line in (b"--BB\0", b"\0--BB", b"-\0-BB", b"--B\0B"):
        yield Attack(f"a delimiter {line!r}", mail(b"--BB\r\n" + TEXT + b"--BB\r\n" + html + line + b"\r\n" + named + b"--BB--\r\n", alternative), None)
    for kind in (b"multipart/mixed; boundary=BB", alternative):
        for name, part in {"base64": ENCODING + b"\r\nTVo=\r\n", "described": b"Content-Description: evil.exe\r\n\r\nMZ\r\n", "no header": b"\r\nMZ\r\n", "no blank line": b"MZ\r\n"}.items():
            yield Attack(f"a part without a type in {kind!r}, {name}", mail(parts(TEXT, part), kind), None)
    yield Attack("nothing between two delimiters", mail(b"--BB\r\n" + TEXT + b"--BB\r\n--BB--\r\n"), "relay")
    for kind in (b"appledouble", b"report; report-type=x", b"parallel", b"x-unknown"):
        yield Attack(f"texts in multipart/{kind!r}", mail(parts(TEXT, TEXT), b"multipart/" + kind + b"; boundary=BB"), "relay")
    for field in (b")Content-Disposition: inline; filename=a.exe", b"%00Content-Disposition: attachment; filename=a.exe", b"C=?utf-8?q?ontent-Type: text/html; name=a.exe",
                  b"Content-Disposition; attachment; filename=a.exe", b"Content-Type; a/b; name=a.exe", b"Content-Location; a.exe", b"Content-Locations: a.exe", b"Content-Dispositionx; attachment; filename=a.exe",
                  b"Content-Type: text/plain; \xe2\x80\xa8(name*=utf-8''a%2Eexe", b"Content-Disposition: inline; filename=", b"ConContent-Type: text/html\r\ntent-Disposition: attachment; filename=a.exe"):
        yield Attack(f"a name in {field!r}", HEAD + VERSION + field + b"\r\n\r\nMZ\r\n", None)
        yield Attack(f"a name in {field!r}, in a part", mail(parts(TEXT, b"Content-Type: text/plain\r\n" + field + b"\r\n\r\nMZ\r\n")), None)
    yield Attack("a type alone in a text", HEAD + VERSION + b"Content-Type: text/plain\r\n\r\nContent-Type: application/json\r\n\r\n{}\r\n", "relay")
    for name, text in VEILED.items():
        yield Attack(f"words: {name}", ordinary("plain", text), "relay")
    yield Attack("uuencoded, a vertical tab", HEAD + VERSION + b"Content-Type: text/plain\r\n\r\n" + uu(begin=b"begin \x0b644 "), "hold")


def fields_in_encoded_words():
    """A field of a header, relayed or written afresh, that is one only once encoded words are decoded."""
    hidden = [*HIDING, *hiding(b"Content-Transfer-Encoding: base64"), *hiding(b"Content-Type: multipart/mixed; boundary=BB")]
    for field in (b"Subject", b"Message-ID", b"List-Id", b"X-Other", b"Importance"):
        for word in hidden:
            line = field + b": " + word + b"\r\n"
            yield Attack(f"hidden in {line!r}", HEAD + line + b"\r\n" + ENCODED["base64"], "hold")
            yield Attack(f"hidden in {line!r}, with a file", line + carried(PLANTED), "hold")
    for word in (b"=?us-ascii?Q?=0AContent=2DLoca;tion:_b?=", b"=?us-ascii?Q?=0AContent=2DTy.pe:_a/b;_name=3Db?="):
        for where, text in {"header": b"X-Other: " + word + b"\r\n\r\nhello\r\n", "text": b"\r\nDate: x\r\n" + word + b"\r\n\r\nhello\r\n"}.items():
            yield Attack(f"hidden in a {where}, with a mark in its name: {word!r}", HEAD + VERSION + text, "hold")
    for word in hidden[:3]:
        yield Attack(f"hidden in a part's {word!r}", mail(parts(TEXT, b"Content-Description: " + word + b"\r\n" + TEXT)), "hold")
    for word in (b"=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg0K?=", b"=?utf-8?Q?a=0D=0A_b=0A?="):
        yield Attack(f"a harmless line end in {word!r}", HEAD.replace(b"Subject: test", b"Subject: " + word) + b"\r\nhello\r\n", "relay")


def fields_that_are_none():
    """Fields whose name is none of MIME but contains one: to ripmime they are what they contain. (Not the planted file: the text stays.)"""
    inner = b"hello\n\nContent-Type: application/octet-stream; name=evil.exe\nContent-Transfer-Encoding: base64\n\nTVo=\n"
    texts = {"base64": base64.encodebytes(inner), "quoted-printable": b"\n".join(b"".join(b"=%02X" % octet for octet in row) for row in inner.splitlines()) + b"\n"}
    for name in (CTE + b"s", CTE + b"-X", CTE + b".", CTE + b"()", b"X-" + CTE, b"Content-Transfer(x)-Encoding", b"=?us-ascii?Q?Content-Transfer-Encoding?=", b"Content-=?us-ascii?Q?Transfer-Encoding:_base64?="):
        for value, data in texts.items():
            part = name + b": " + value.encode() + b"\r\n\r\n" + data.replace(b"\n", b"\r\n")
            yield Attack(f"{name!r}: {value}", HEAD + VERSION + part, None)
            yield Attack(f"{name!r}: {value}, in a part", mail(parts(TEXT, b"Content-Type: text/plain\r\n" + part), b"multipart/alternative; boundary=BB"), None)
    for fields in (b"Content-Types: multipart/appledouble; boundary=q", b"X-Content-Type: application/applefile", b"X-Content-Location: evil.exe", b"X-Content-Disposition: x; filename=evil.exe",
                   b"Content-Type: text/plain; na(c)me=evil.exe", b"Content-Type: text/plain;\r\nX-Foo: name=evil.exe", b"Content-Type: text/plain; \r\nX-Foo: a;\r\nX-Bar: name=evil.exe"):
        yield Attack(f"{fields!r}", HEAD + VERSION + fields + b"\r\n\r\nhello\r\n", None)
    for mode in (b"888", b"800", b"999"):
        yield Attack(f"uuencoded, mode {mode!r}, by its subject", HEAD.replace(b"Subject: test", b"Subject: evil.exe (1/1)") + b"\r\n" + uu(begin=b"begin " + mode + b" "), "hold")


def fields_without_a_name():
    """A field without a name, or with a blank or a control character behind it: munpack ends a header there, and makes a file of what is a text to all others. (Not the planted file: the text stays.)"""
    kind, text, other = b"Content-Type: text/plain; charset=utf-8\r\n", b"\r\nhello, all\r\n", b"Content-Type: text/plain\r\n\r\nhello\r\n"
    for field in (b":a/ \r\n", b":\r\n", b": b\r\n", b":a\r\n b\r\n", b"::\r\n", b"X\x0b: a\r\n", b"X\x7f:\r\n", b"X : a\r\n", b"X\t: a\r\n"):
        for name, fields in {"first": field + kind, "second": b"Subject: a\r\n" + field + kind, "last": kind + field}.items():
            for structure in (b"alternative", b"mixed", b"related"):
                yield Attack(f"{field!r} {name} in a part of {structure.decode()}", mail(parts(fields + text, other), b"multipart/" + structure + b"; boundary=BB"), "relay")
            inner = fields.replace(b"text/plain; charset=utf-8", b"multipart/alternative; boundary=CC") + b"\r\n" + parts(other, other, boundary=b"CC")
            yield Attack(f"{field!r} {name} in a multipart's header", mail(parts(inner, other), b"multipart/mixed; boundary=BB"), "relay")
            yield Attack(f"{field!r} {name} in the mail's header", HEAD + VERSION + fields + text, "relay")


def fields_with_long_names():
    """A field whose name is longer than some have room for, in a part of a mail of texts."""
    text = b"Content-Type: text/plain; charset=utf-8\r\n\r\nhello, all\r\n"
    for length in (60, 64, 65, 70, *range(72, 84), 96, 120, 128, 160, 256, 512, 800, 1100):
        for before in (0, 1, 3, 10, 30):
            fields = b"".join(b"X-%d: y\r\n" % i for i in range(before)) + b"X" * length + b": y\r\n" + text
            yield Attack(f"a name of {length} octets behind {before} fields", mail(parts(fields, TEXT)), "relay")
            yield Attack(f"a name of {length} octets behind {before} fields, in the second part", mail(parts(TEXT, fields), b"multipart/alternative; boundary=BB"), "relay")
        yield Attack(f"a name of {length} octets in a mail of one text", HEAD + VERSION + b"X" * length + b": y\r\n" + text, "relay")


def long_boundaries():
    """A boundary of more octets than RFC 2046 allows, round texts."""
    text = b"Content-Type: text/plain; charset=utf-8\r\n\r\nhello, all\r\n"
    for length in (69, 70, *range(71, 80), 98, 99, 100, 126, 127, 128, 200, 254, 255, 256, 257, 400, 508, 509, 510):
        for char in (b"b", b"-", b"ab"):
            chars = (char * length)[:length]
            for kind in (b"mixed", b"alternative"):
                kind = b"multipart/" + kind + b'; boundary="'
                yield Attack(f"a boundary of {length} octets of {char!r}, {kind.decode()}", mail(parts(text, TEXT, boundary=chars), kind + chars + b'"'), "relay")
                inner = b"Content-Type: " + kind + chars + b'"\r\n\r\n' + parts(TEXT, text, boundary=chars)
                yield Attack(f"a boundary of {length} octets of {char!r}, {kind.decode()}, nested", mail(parts(inner, TEXT)), "relay")


INSERTED = [b"\0", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xe2\x80\xa8", b"\r", b"\n", b"\r\n", b"\r\n ", b"\r\n\t", b" ", b"\t", b";", b'"', b"(", b")", b"\\", b":", b"=", b"--", b"--BB", b"\r\n--BB\r\n",
            b"\r\n--BB--\r\n", b"\r\n\r\n", b"\x1b$B", b"\x1b(B", b"=?utf-8?q?", b"?=", b"%00", b"*0", b"*", b"\xef\xbb\xbf", b"\x7f", b"\xa0", b"Content-Type: text/plain\r\n", b"Content-Disposition: inline\r\n",
            b"Content-Type: multipart/alternative; boundary=BB\r\n", b"Content-Transfer-Encoding: 7bit\r\n", b"Content-Type: text/html\r\n", b"boundary=CC;", b"\r\n--CC\r\n", VERSION,
            b"Date: x\r\n", b"X-", b"s", b";\r\nX: ", b"Content-Transfer-Encoding: base64\r\n\r\n", b"=?us-ascii?Q?=0A", b"begin 888 evil.exe\r\n"]
REPLACED = [(b"application/octet-stream", b"text/plain"), (b"attachment", b"inline"), (b"multipart/mixed", b"multipart/alternative"), (b"multipart/mixed", b"text/plain"), (b"base64", b"7bit"), (DISPOSITION, b""),
            (TYPE, b""), (b"\r\n", b"\n"), (b"multipart/mixed", b"Multipart/Digest"), (TYPE, b"Content-Type: text/html; name=evil.exe\r\n")]


def mutated(seed, count):
    """Attacks and good mails, each changed in some places: what nobody thought of."""
    chance = random.Random(seed)
    bases = [attack.mail for attack in [*LEGITIMATE, *all_attacks()] if len(attack.mail) < 4000]
    for number in range(count):
        mail = chance.choice(bases)
        for _ in range(chance.randint(1, 4)):
            mail = changed(mail, chance)
        yield Attack(f"seed {seed}, number {number}", mail, None)


def changed(mail, chance):
    kind, at = chance.random(), chance.randrange(len(mail) + 1)
    if kind < 0.5:
        return mail[:at] + chance.choice(INSERTED) + mail[at:]
    if kind < 0.75:
        return mail.replace(*chance.choice(REPLACED), 1)
    if kind < 0.9:
        rows = mail.split(b"\r\n")
        one, other = chance.randrange(len(rows)), chance.randrange(len(rows))
        rows[one], rows[other] = rows[other], rows[one]
        return b"\r\n".join(rows)
    return mail[:at] + mail[at + chance.randint(1, 6):]


def boundary_parameters():
    """The boundary parameter: doubled, quoted, odd."""
    body, other = parts(TEXT, PLANTED), parts(TEXT, b"Content-Type: text/plain\r\n\r\nharmless\r\n", boundary=b"CC")
    table = {
        "twice, differing": (b"boundary=BB; boundary=CC", "hold"), "twice, differing, other order": (b"boundary=CC; boundary=BB", "hold"), "twice, in other cases": (b"boundary=BB; BOUNDARY=CC", "hold"),
        "twice, quoted once": (b'boundary=CC; boundary="BB"', "hold"), "twice, the same": (b"boundary=BB; boundary=BB", None), "thrice": (b"boundary=BB; boundary=BB; boundary=CC", "hold"),
        "plain and extended": (b"boundary=CC; boundary*=us-ascii''BB", "hold"), "extended and plain": (b"boundary*=us-ascii''BB; boundary=CC", "hold"), "plain and continued": (b"boundary=CC; boundary*0=B; boundary*1=B", "hold"),
        "continued": (b"boundary*0=B; boundary*1=B", None), "continued, out of order": (b"boundary*1=B; boundary*0=B", None), "extended": (b"boundary*=us-ascii''%42B", None),
        "continued, differing": (b"boundary*0=B; boundary*0=C; boundary*1=B", None), "missing": (b"charset=utf-8", None), "empty": (b'boundary=""', None), "no value": (b"boundary", None),
        "quoted": (b'boundary="BB"', "deposit"), "upper case name": (b"BOUNDARY=BB", "deposit"), "folded": (b"\r\n boundary=BB", "deposit"), "folded with a tab": (b"\r\n\tboundary=\"BB\"", "deposit"),
        "semicolon after": (b"boundary=BB;", "deposit"), "another after": (b'boundary=BB; type="text/plain"', "deposit"), "another before": (b"charset=utf-8; boundary=BB", "deposit"),
        "blanks about equals": (b"boundary = BB", None), "comment before": (b"(c) boundary=BB", None), "comment after": (b"boundary=BB (c)", None), "comment within": (b"boundary=(boundary=CC)BB", None),
        "in a comment": (b"(boundary=CC) ; boundary=BB", None), "in a quoted string": (b'x="; boundary=CC"; boundary=BB', None), "in an open quote": (b'x="; boundary=CC; boundary=BB', None), "open quote": (b'boundary="BB', None),
        "single quotes": (b"boundary='BB'", None), "quoted pair": (b'boundary="B\\B"', None), "text after the quote": (b'boundary="BB"x', None), "two quoted": (b'boundary="B""B"', None), "no semicolon": (b"charset=x boundary=BB", None),
        "comma": (b"charset=x, boundary=BB", None), "two semicolons": (b"; ; boundary=BB", None), "encoded word": (b'boundary="=?us-ascii?q?BB?="', None), "blank at the end": (b'boundary="BB "', None), "blank at the start": (b'boundary=" BB"', None),
        "tab": (b'boundary="BB\t"', None), "NUL": (b"boundary=BB\0CC", "hold"), "bare CR": (b'boundary="BB\r"', "hold"), "control character": (b"boundary=BB\x01", None), "8-bit": (b"boundary=BB\xa0", None), "brackets": (b"boundary=<BB>", None),
        "colon": (b"boundary:BB", None), "backslash": (b"boundary=BB\\", None), "other names": (b"xboundary=CC; boundary=BB", None), "boundary-x": (b"boundary-x=CC; boundary=BB", None), "newline in quotes": (b'boundary="B\r\n B"', None),
        "dashes before": (b"boundary=--BB", None),
    }
    for name, (value, expected) in table.items():
        yield Attack(f"boundary {name}", mail(body, b"multipart/mixed; " + value), expected)
        if expected != "deposit":
            yield Attack(f"boundary {name}, with a harmless reading", mail(other + body, b"multipart/mixed; " + value), "hold" if expected == "hold" else None)


def odd_boundaries():
    """Boundaries of odd characters, each a legal reading or an illegal one."""
    for chars in (b"'()+_,-./:=?", b"a b c", b"0", b"=_x", b"----", b"--", b"x" * 70, b"A:B", b"?=", b"(x)", b"a'b", b"<x>", b"[x]", b"a;b", b"a@b", b"x" * 71, b"x" * 300, b"\xe5\xa2\x83"):
        legal = len(chars) < 71 and not set(chars) - set(b"'()+_,-./:=? abcxAB0") and chars.strip(b"-")
        body = parts(TEXT, PLANTED, boundary=chars)
        yield Attack(f"boundary {chars[:20]!r} ({len(chars)})", mail(body, b'multipart/mixed; boundary="' + chars + b'"'), "deposit" if legal else None)


def boundary_lines():
    """Lines that are nearly a boundary."""
    for line in (b"--BB ", b"--BB\t", b"--BB  \t "):
        yield Attack(f"delimiter {line!r}", mail(parts(TEXT, PLANTED).replace(b"--BB\r\n", line + b"\r\n")), "deposit")
    for line in (b"--BBx", b"--BB-", b"--BB --", b" --BB", b"--BB\0", b"--BB\x0b", b"--BB\x0c", b"-- BB", b'--"BB"', b"--bb", b"-BB", b"---BB", b"--BB--", b"--BB-- x", b"--BB--x", b"--BB\r", b"\r--BB",
                 b"--BB\xa0", b"--B", b"--BB;", b"> --BB", b"--=42B", b"--BB\x1b", b"\xef\xbb\xbf--BB", b"--BB\r\n "):
        second = line + b"\r\n" + PLANTED + b"--BB--\r\n"
        yield Attack(f"delimiter {line!r} before the file", mail(parts(PLANTED, close=False) + line + b"\r\n" + TEXT + b"--BB--\r\n"), None)
        carrier = TYPE + DISPOSITION + b"\r\nplain\r\n"
        yield Attack(f"delimiter {line!r} in a file", mail(parts(TEXT, carrier, close=False) + second), None)
        # With the file's own header in it, the text is held whatever stands before that.
        yield Attack(f"delimiter {line!r} in a text", mail(parts(carrier, TEXT, close=False) + second), "stop" if line == b"--BB\r\n " else "hold")


def structures():
    """Preamble, epilogue, and parts nested, unclosed, or closed by another's boundary."""
    whole, inner = parts(TEXT, PLANTED), parts(TEXT, PLANTED, boundary=b"CC")
    nested = lambda boundary, body: b"Content-Type: multipart/mixed; boundary=\"" + boundary + b"\"\r\n\r\n" + body
    harmless = parts(TEXT)
    yield Attack("not closed", mail(parts(TEXT, PLANTED, close=False)), "deposit")
    yield Attack("not closed, no line end", mail(parts(TEXT, PLANTED, close=False).rstrip()), "deposit")
    yield Attack("harmless preamble", mail(b"This is a multi-part message in MIME format.\r\n\r\n" + whole), "deposit")
    yield Attack("harmless epilogue", mail(whole + b"\r\nThe end.\r\n"), None)
    for name, part in {"with headers": PLANTED, "with another boundary": b"--CC\r\n" + PLANTED + b"--CC--\r\n"}.items():
        yield Attack(f"a part in the preamble, {name}", mail(part + whole), "hold" if name.startswith("with h") else None)
        yield Attack(f"a part in the epilogue, {name}", mail(harmless + part), None)
    yield Attack("a part of the same boundary after the end", mail(harmless + parts(PLANTED)), "hold")
    yield Attack("closed before the first part", mail(b"--BB--\r\n" + whole), "hold")
    yield Attack("closed twice", mail(whole + b"--BB--\r\n"), None)
    for name, boundary in {"equal": b"BB", "begins like the outer": b"BBC", "outer and dashes": b"BB--", "outer and blank": b"BB x"}.items():
        yield Attack(f"nested boundary {name}", carried(nested(boundary, parts(TEXT, PLANTED, boundary=boundary))), "hold" if name != "outer and blank" else None)
    for name, boundary in {"prefix of the outer": b"B", "other case": b"bb"}.items():
        yield Attack(f"nested boundary {name}", carried(nested(boundary, parts(TEXT, PLANTED, boundary=boundary))), None)
    yield Attack("nested thrice, the innermost equals the outermost", carried(nested(b"CC", parts(nested(b"BB", whole), boundary=b"CC"))), "hold")
    yield Attack("nested", carried(nested(b"CC", inner)), "deposit")
    yield Attack("nested, not closed", carried(nested(b"CC", parts(TEXT, PLANTED, boundary=b"CC", close=False))), "deposit")
    yield Attack("nested, closed by neither", mail(parts(nested(b"CC", parts(TEXT, PLANTED, boundary=b"CC", close=False)), close=False)), "deposit")
    yield Attack("the outer boundary closes in the inner", mail(parts(nested(b"CC", b"--CC\r\n" + TEXT + b"--BB--\r\n--CC\r\n" + PLANTED + b"--CC--\r\n"))), "hold")
    yield Attack("inner part after the outer's end", mail(parts(nested(b"CC", parts(TEXT, boundary=b"CC", close=False))) + b"--CC\r\n" + PLANTED + b"--CC--\r\n"), "hold")
    yield Attack("a part in the inner's epilogue", carried(nested(b"CC", parts(TEXT, boundary=b"CC") + parts(PLANTED, boundary=b"CC"))), "hold")
    yield Attack("no part at all", mail(PLANTED), None)
    yield Attack("only an end", mail(b"--BB--\r\n" + PLANTED), None)
    yield Attack("an empty part, then the file", mail(b"--BB\r\n--BB\r\n" + PLANTED + b"--BB--\r\n"), None)
    yield Attack("bare LF throughout", carried(PLANTED).replace(b"\r\n", b"\n"), "deposit")
    yield Attack("bare LF in the file's headers", carried(PLANTED.replace(b"\r\n", b"\n")), "deposit")
    yield Attack("bare CR between boundaries", mail(whole.replace(b"\r\n", b"\r")), None)
    for depth in (5, 20, 200, 2000):
        yield Attack(f"{depth} deep", mail(deep(depth), b"multipart/mixed; boundary=B0x"), "deposit" if depth == 5 else None)
    for kind in (b"alternative", b"related", b"parallel", b"report", b"signed", b"form-data", b"appledouble", b"x-own", b"MIXED"):
        yield Attack(f"multipart/{kind.decode()}", mail(whole, b"multipart/" + kind + b"; boundary=BB"), "deposit")
        marked = nested(b"CC", inner).replace(b"/mixed", b"/" + kind).replace(b"\r\n", b"\r\nContent-Disposition: attachment; filename=a.dat\r\n", 1)
        yield Attack(f"multipart/{kind.decode()} as attachment", carried(marked), "deposit")


def deep(depth):
    """Multiparts in multiparts, the file innermost."""
    opening = b"".join(b"--B%dx\r\nContent-Type: multipart/mixed; boundary=B%dx\r\n\r\n" % (i, i + 1) for i in range(depth))
    return opening + parts(TEXT, PLANTED, boundary=b"B%dx" % depth) + b"".join(b"--B%dx--\r\n" % i for i in reversed(range(depth)))


def multiparts_in_disguise():
    """What is a multipart for one reader, and a text or nothing for another."""
    whole = parts(TEXT, PLANTED)
    for kind in (b"text/plain; boundary=BB", b"text/html; boundary=BB", b"text/plain; x=multipart/mixed; boundary=BB", b"multipart; boundary=BB", b"multipart/; boundary=BB", b"multi part/mixed; boundary=BB",
                 b"/mixed; boundary=BB", b"application/octet-stream; boundary=BB", b"message/rfc822; boundary=BB", b"image/png; boundary=BB", b'"multipart/mixed"; boundary=BB', b"(c) multipart/mixed; boundary=BB",
                 b"multipart/(c)mixed; boundary=BB", b"multipart / mixed; boundary=BB", b"=?utf-8?q?multipart/mixed?=; boundary=BB", b"multipart/mixed boundary=BB", b"multipart/mixed, text/plain; boundary=BB",
                 b"text/plain, multipart/mixed; boundary=BB", b"multipart\\/mixed; boundary=BB", b"multipart/mixed\x0b; boundary=BB", b"multipart//mixed; boundary=BB", b"multi\r\n part/mixed; boundary=BB", b"\x01multipart/mixed; boundary=BB",
                 b"multipart/*; boundary=BB", b"boundary=BB; multipart/mixed", b";multipart/mixed; boundary=BB", b"multipart-mixed; boundary=BB", b"x-multipart/mixed; boundary=BB", b"text/x-multipart; boundary=BB", b"; boundary=BB"):
        yield Attack(f"{kind.decode('latin-1')!r}", mail(whole, kind), None)
        yield Attack(f"{kind.decode('latin-1')!r}, nested", mail(parts(TEXT, b"Content-Type: " + kind.replace(b"=BB", b"=CC") + b"\r\n\r\n" + parts(TEXT, PLANTED, boundary=b"CC"))), None)


NOT_TEXT = [
    b"text", b"text/", b"/plain", b"text//plain", b"text/plain/x", b"text/plain, application/pdf", b"text/plain,application/octet-stream", b"=?utf-8?q?text/plain?=", b"text\\/plain", b"<text/plain>", b"text/*", b"*/*",
    b"content-type: text/plain", b"text-plain", b"plain", b"text/x-script", b"text/calendar", b"text/csv", b"text/rtf", b"text/enriched", b"image/png", b"video/mp4", b"application/pdf", b"application", b"x/y",
    b"text/plainx", b"text/html5", b"chemical/x", b"application/x-zip", b"APPLICATION/OCTET-STREAM",
]
ODD_TYPES = [
    b"text / plain", b"text/ plain", b'"text/plain"', b"text/plain (application/pdf)", b"(text/plain) application/octet-stream", b"text/(c)plain", b"text/plain\x1b", b"text/plain\x0b", b"\x01text/plain", b"text/plain\xa0",
    b"text/\r\n plain", b"text/plain\r\n application/pdf", b"text/plain;application/pdf", b";text/plain", b"", b" ", b";", b"text/plain=x", b"name=evil.exe", b"charset=utf-8", b"text/plain; charset=\"", b"text/plain; name=\"evil.exe",
    b"text/plain\\", b"text/\x00plain", b"(unclosed text/plain", b"text/plain; charset=\x1b$B; name=evil.exe", b"text/plain; charset=utf-8 name=evil.exe", b"\xe3\x80\x80text/plain", b"text/plain (c", b"text/pl\xc3\xa9in",
]


def types():
    """Content-Type that is not text, or that cannot be read."""
    for value in NOT_TEXT:
        yield from both(f"type {value!r}", lines(b"Content-Type: " + value) + ENCODING + lines(b"Content-Description: x"), "deposit")
        yield Attack(f"type {value!r}, as attachment", carried(lines(b"Content-Type: " + value) + DISPOSITION + ENCODING + b"\r\n" + BODY), "deposit")
    for value in ODD_TYPES:
        yield from both(f"type {value!r}", lines(b"Content-Type: " + value) + DISPOSITION + ENCODING, "hold" if b"\0" in value else None)


def dispositions():
    """A text whose Content-Disposition is anything but inline; and other types however marked."""
    text = b"Content-Type: text/plain\r\n" + ENCODING
    for value in (b"attachment; filename=evil.txt", b"ATTACHMENT; filename=evil.txt", b"attachment;\r\n filename=evil.txt", b"x-own; filename=evil.txt", b"form-data; name=x; filename=evil.txt", b"notification; filename=a.txt",
                  b"in-line; filename=evil.txt", b"inlined; filename=a.txt", b"attach; filename=a.txt", b"inline-attachment; filename=a.txt"):
        yield from both(f"text with disposition {value!r}", text + lines(b"Content-Disposition: " + value), "deposit")
    for value in (b"=?utf-8?q?attachment?=; filename=a.txt", b"in line; filename=a.txt", b'"attachment"; filename=a.txt', b"inline/attachment; filename=a.txt", b"inline, attachment; filename=a.txt", b"attachment\x1b; filename=a.txt",
                  b"attachment (c); filename=a.txt", b"attachment filename=a.txt", b"attachment, inline; filename=a.txt", b"\x01attachment; filename=a.txt"):
        yield from both(f"text with disposition {value!r}", text + lines(b"Content-Disposition: " + value), None)
    for value in (b"inline", b"INLINE; filename=evil.exe", b"inline; filename=", b"(attachment) inline", b"inline\x0b", b"inline;;", b"", b"filename=evil.exe", b"; filename=evil.exe", b"inline attachment"):
        expected = "deposit" if value in (b"inline", b"INLINE; filename=evil.exe") else None
        yield from both(f"octets with disposition {value!r}", TYPE + ENCODING + lines(b"Content-Disposition: " + value), expected)


def named_texts():
    """Texts that stay, and that others would save as a file by their names."""
    inline = b"Content-Disposition: inline; "
    for name, fields in (
        ("no type, inline with a name", lines(inline + b"filename=evil.exe")),
        ("text/plain with a name", lines(b"Content-Type: text/plain; name=evil.zip")),
        ("text/plain with a name, inline", lines(b"Content-Type: text/plain; name=evil.zip", b"Content-Disposition: inline")),
        ("text/html with a name", lines(b'Content-Type: text/html; name="evil.exe"')),
        ("text/plain with a name by RFC 2231", lines(b"Content-Type: text/plain; name*=utf-8''evil%2Eexe")),
        ("text/plain, inline with a name in pieces", lines(b"Content-Type: text/plain", inline + b"filename*0=ev; filename*1=il.exe")),
        ("text/plain with a place", lines(b"Content-Type: text/plain", b"Content-Location: evil.exe")),
        ("text/html in base64 with a name", lines(b"Content-Type: text/html; name=evil.exe") + ENCODING),
    ):
        yield from both(name, fields, "relay", base64.b64encode(b"hello") + b"\r\n" if ENCODING in fields else b"hello\r\n")


def nested_messages():
    """message/partial, message/external-body, and mails in mails."""
    for value in (b'message/partial; id="a@b"; number=1; total=2', b"MESSAGE/PARTIAL; id=a; number=1", b"message/partial", b"message/partial; number=2; total=2; id=x", b"message/partial;\r\n id=a;\r\n number=1", b"message/external-body; access-type=local-file; name=/etc/passwd",
                  b"message/external-body; access-type=URL; URL=\"http://x.example/evil.exe\"", b"message/external-body; access-type=anon-ftp; site=x; name=y", b"Message/External-Body", b"message/external-body; access-type=mail-server"):
        yield from both(f"{value.decode()!r}", lines(b"Content-Type: " + value), "hold", PLANTED)
        yield Attack(f"{value.decode()!r}, in a mail", carried(b"Content-Type: message/rfc822\r\n\r\n" + HEAD + lines(b"Content-Type: " + value) + b"\r\n" + PLANTED), None)
    message = carried(PLANTED, first=TEXT.replace(b"hello", b"inner")).replace(b"BB", b"CC")
    for kind in (b"message/rfc822", b"MESSAGE/RFC822", b"message/global", b"message/news", b"message/http", b"message/delivery-status", b"text/rfc822-headers", b"message/x-own"):
        yield from both(f"{kind.decode()}", lines(b"Content-Type: " + kind), "deposit", message)
        yield Attack(f"{kind.decode()} as attachment", carried(lines(b"Content-Type: " + kind, b'Content-Disposition: attachment; filename="a.eml"') + b"\r\n" + message), "deposit")
    coded = base64.encodebytes(message).replace(b"\n", b"\r\n")
    yield Attack("message/rfc822 in base64", carried(b"Content-Type: message/rfc822\r\n" + ENCODING + b"\r\n" + coded), None)
    yield Attack("message/rfc822 in a mail in a mail", carried(b"Content-Type: message/rfc822\r\n\r\n" + HEAD + b"Content-Type: message/rfc822\r\n\r\n" + message), "deposit")
    yield Attack("message/rfc822 with the outer's boundary", carried(b"Content-Type: message/rfc822\r\n\r\n" + carried(PLANTED)), "hold")
    yield Attack("digest", mail(parts(b"\r\n" + message), b"multipart/digest; boundary=BB"), "deposit")
    yield Attack("digest with a text", mail(parts(TEXT, b"\r\n" + message), b"multipart/digest; boundary=BB"), "deposit")
    yield Attack("digest with octets", mail(parts(TEXT, PLANTED), b"multipart/digest; boundary=BB"), "deposit")


GOOD_NAMES = [
    b"filename*0=ev; filename*1=il.exe", b"filename*1=il.exe; filename*0=ev", b"filename*1*=%69l.exe; filename*0*=utf-8''ev", b"filename*=utf-8''evil.exe; filename=good.txt", b"filename=good.txt; filename*=utf-8''evil.exe",
    b"filename*=UTF-8'ja'%E6%82%AA.exe", b"filename*=iso-2022-jp''%1B%24B0-%1B%28B.exe", b"filename*=shift_jis''%88%AB.exe", b'filename="=?utf-8?B?5oKqLmV4ZQ==?="', b"filename==?utf-8?Q?=E6=82=AA=2Eexe?=", b'filename="=?iso-2022-jp?B?GyRCMC0bKEIuZXhl?="',
    b'filename="=?utf-8?B?5oKq?= =?utf-8?B?LmV4ZQ==?="', b'filename="=?utf-8?B?5o?=\r\n =?utf-8?B?KqLmV4ZQ==?="', b'filename="\xe6\x82\xaa.exe"', b'filename="\x88\xab.exe"', b"filename=evil.exe; name=good.txt", b"FILENAME=evil.exe", b'filename="evil\\.exe"',
    b"\r\n filename=\r\n evil.exe", b'filename="evil.exe ; x=y"', b"filename=evil file.exe", b"filename='evil.exe'", b"filename=evil.exe; filename=evil.exe",
]
STOPPED_NAMES = [
    b'filename="../../evil.exe"', b'filename="/etc/evil.exe"', b"filename*=utf-8''..%2Fevil.exe", b"filename*=utf-8''evil%00.exe", b"filename*=utf-8''evil%0D%0A.exe", b"filename*=utf-8''%E2%80%AEexe.txt", b'filename="=?utf-8?B?4oCuZXhlLnR4dA==?="',
    b'filename="\xe2\x80\xaeexe.txt"', b"filename*=utf-8''a%E2%80%8Bb.exe", b"filename*=utf-8''%F0%9F%92%80.exe", b'filename="\xf0\x9f\x92\x80.exe"', b'filename="."', b'filename=".."', b'filename="' + b"x" * 256 + b'"', b"filename*=utf-8''a%1Bb.exe",
    b"filename*0*=utf-8''..; filename*1*=%2Fevil.exe", b"filename*=utf-8''a%EF%BB%BFb.exe", b"filename*=utf-8''a%5Cb.exe", b"", b'filename*=utf-8\'\'%E2%81%A6evil.exe',
]
ODD_NAMES = [
    b"filename*1=evil.exe", b"filename*0=a; filename*0=b; filename*1=c.exe", b"filename*0=a; filename*2=c.exe", b"filename*00=a; filename*01=b.exe", b"filename*=evil.exe", b"filename*=''evil.exe", b"filename*=x-own''evil.exe", b"filename*=utf-8''evil%ZZ.exe",
    b"filename*=utf-8''%FF%FE.exe", b"filename*=utf-16''%00e%00v.exe", b"filename*=utf-7''+AGU-vil.exe", b"filename=good.txt; filename=evil.exe", b"filename=a.txt; filename*0=b; filename*1=.exe", b"filename*0*=utf-8''a; filename*1=%2Fb.exe", b'filename="evil.exe',
    b'filename=""', b'filename=" "', b"filename", b"filename=", b'filename="=?utf-8?B?!!!?="', b'filename="=?utf-8?X?evil.exe?="', b'filename="=?x-own?Q?evil.exe?="', b'filename="=?utf-8?Q?=00evil.exe?="', b'filename="a\\\\b.exe"', b'filename="a\tb.exe"',
    b'filename="a\x01b.exe"', b"filename*-1=a; filename*0=evil.exe", b"filename*9999999999=a.exe", b"filename (c)=evil.exe", b"filename=(c)evil.exe", b'filename="evil.exe"; filename*0="=?utf-8?Q?x?="', b"filename*0=" + b"; filename*%d=x" % 5 * 40,
    b"filename:evil.exe", b"name=evil.exe", b"file\r\n name=evil.exe", b'filename="evil.exe\r\n Content-Type: text/plain"', b'filename="=?utf-8?Q?a=0D=0AContent-Type:_text/plain?="', b'x="; filename=good.txt"; filename=evil.exe',
]


def names():
    """Names of files: RFC 2231, RFC 2047 and raw, contradicting one another, or bad."""
    for table, expected in ((GOOD_NAMES, "deposit"), (STOPPED_NAMES, "stop"), (ODD_NAMES, None)):
        for value in table:
            yield Attack(f"name {value[:60]!r}", carried(TYPE + ENCODING + lines(b"Content-Disposition: attachment; " + value) + b"\r\n" + BODY), expected)
    for value in (b'filename="a.exe"; x="\0"', b"filename=a\r.exe", b'filename="a.txt\r"'):
        yield Attack(f"name {value!r}", carried(TYPE + ENCODING + lines(b"Content-Disposition: attachment; " + value) + b"\r\n" + BODY), "hold")
    for value in (b"name=good.txt", b'name="good.txt"; name="evil.exe"', b"name*0=go; name*1=od.txt", b"name*=utf-8''good.txt"):
        yield Attack(f"name in the type too {value!r}", carried(
            b"Content-Type: application/octet-stream; " + value + b"\r\n" + DISPOSITION + ENCODING + b"\r\n" + BODY), None if value.count(b"name=") > 1 else "deposit")


def separators():
    """Where the header ends, and what stands between its fields."""
    fields = TYPE + DISPOSITION + ENCODING
    for name, between, expected in (
        ("a line of a blank", b" \r\n", None), ("a line of a tab", b"\t\r\n", None), ("a line without colon", b"no colon here\r\n", None), ("a mbox line", b"From tanaka Sat Nov 21 10:00:00 2026\r\n", None), ("a quoted mbox line", b">From x\r\n", None),
        ("a NUL line", b"\0\r\n", "hold"), ("a form feed line", b"\x0c\r\n", None), ("a bare CR line", b"\r\r\n", "hold"), ("a bare LF", b"\n", None), ("LF CR", b"\n\r\n", None), ("a colon only", b":\r\n", None), ("a blank before a colon", b" : x\r\n", None),
        ("a NUL field", b"X-A: \0\r\n", "hold"), ("a bare CR field", b"X-A: b\rContent-Type: text/plain\r\n", "hold"), ("an 8-bit field", b"X-A: \xff\xfe\r\n", "deposit"), ("a very long field", b"X-A: " + b"x" * 5000 + b"\r\n", "deposit"), ("a dot", b".\r\n", None),
        ("a field with an empty fold", b"X-A: a\r\n \r\n b\r\n", None), ("a blank line", b"\r\n", None),
    ):
        for place, part in (("between", TYPE + between + DISPOSITION + ENCODING), ("first", between + fields), ("last", fields + between)):
            if name in ("a bare LF", "LF CR", "a blank line") and place != "last":
                part = TYPE + DISPOSITION + between + ENCODING     # what follows is the file's content
            yield Attack(f"{name}, {place}", carried(part + b"\r\n" + BODY), expected)
    for name, end in {"CR LF LF": b"\r\n\n", "LF LF": b"\n\n", "CR CR LF": b"\r\r\n", "LF CR LF": b"\n\r\n"}.items():
        yield Attack(f"header ended by {name}", carried(fields.removesuffix(b"\r\n") + end + BODY), None)
        yield Attack(f"the mail's header ended by {name}", mail(parts(TEXT, PLANTED)).replace(b"\r\n\r\n", end, 1), None)
    for blank in (b"\r\n", b"\r\n\r\n", b" \r\n\r\n"):
        yield Attack(f"the mail begins with a blank line {blank!r}", blank + carried(PLANTED), "hold")
    yield Attack("a letter that begins with a blank line", b"\r\nDear all,\r\nsee you: tomorrow\r\n", "relay")
    yield Attack("the mail begins with a mbox line", b"From x Sat Nov 21 10:00:00 2026\r\n" + carried(PLANTED), None)
    yield Attack("the mail begins with a fold", b" \r\n" + carried(PLANTED), None)
    yield Attack("NUL in the mail's header", b"X-A: \0\r\n" + carried(PLANTED), "hold")
    yield Attack("bare CR in the mail's header", b"X-A: a\rb\r\n" + carried(PLANTED), "hold")
    yield Attack("NUL in the text", carried(PLANTED, TEXT.replace(b"hello", b"he\0llo")), None)
    yield Attack("bare CR in the text", carried(PLANTED, TEXT.replace(b"hello", b"he\rllo")), "deposit")


def versions():
    """MIME-Version absent or odd is no matter."""
    for value in (None, b"1.0", b"2.0", b"1.0 (c)", b"1.(c)0", b"", b"=?utf-8?q?1.0?=", b'"1.0"', b"none", b"1.0\r\nMIME-Version: 1.0", b"\r\n 1.0"):
        version = b"" if value is None else b"MIME-Version: " + value + b"\r\n"
        yield Attack(f"MIME-Version {value!r}", mail(parts(TEXT, PLANTED), version=version), "deposit")
    yield Attack("MIME-Version doubled and differing", mail(parts(TEXT, PLANTED), version=b"MIME-Version: 1.0\r\nMIME-Version: 2.0\r\n"), None)


def foldings():
    """Fields folded at each place where they may be, and where they may not."""
    for fold in (b"\r\n ", b"\r\n\t", b"\r\n  \t", b"\n "):
        fields = lines(b"Content-Type:" + fold + b"application/octet-stream;" + fold + b"charset=x", b"Content-Disposition:" + fold + b"attachment;" + fold + b'filename="evil.exe"',
                       b"Content-Transfer-Encoding:" + fold + b"base64")
        yield from both(f"folded by {fold!r}", fields, "deposit")
        yield Attack(f"multipart folded by {fold!r}", mail(parts(TEXT, PLANTED), fold + b"multipart/mixed;" + fold + b'boundary="BB"'), "deposit")
    for fold in (b"\r ", b"\r\n\0 ", b"\r\n\x0b", b"\r\n\xa0"):
        fields = lines(b"Content-Type:" + fold + b"application/octet-stream", b"Content-Disposition: attachment; filename=evil.exe", b"Content-Transfer-Encoding: base64")
        yield from both(f"folded by {fold!r}", fields, "hold" if fold[:1] + fold[2:] == b"\r " or b"\0" in fold or b"\r " == fold else None)


def stopped():
    """Encrypted mail and data: URLs."""
    for kind in (b"application/pkcs7-mime", b"application/x-pkcs7-mime", b"APPLICATION/PKCS7-MIME; smime-type=enveloped-data", b"application/pgp-encrypted", b"application/octet-stream; name=smime.p7m", b"text/plain; name=smime.p7m"):
        yield from both(f"{kind.decode()}", lines(b"Content-Type: " + kind, b"Content-Disposition: attachment") + ENCODING, "stop")
    yield Attack("armour", carried(b"Content-Type: text/plain\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n" + BODY + b"-----END PGP MESSAGE-----\r\n"), "stop")
    url = b"data:application/octet-stream;base64," + BASE64
    for tag in (b'<img src="%s">', b"<a href='%s'>x</a>", b"<a href=%s>x</a>", b'<img srcset="%s 2x">', b'<object data="%s">', b'<td background="%s">', b'<video poster="%s">', b'<form action="%s">', b'<button formaction="%s">', b'<blockquote cite="%s">',
                b'<use xlink:href="%s">', b'<p style="background:url(%s)">', b"<style>p{background:url('%s')}</style>", b'<iframe src="%s">', b'<embed src="%s">', b"<!--[if mso]><img src=\"%s\"><![endif]-->"):
        yield Attack(f"data: URL in {tag.decode()}", carried(b"Content-Type: text/html\r\n\r\n" + tag % url + b"\r\n"), "stop")
    for spelt in (b"DATA:", b"&#100;ata:", b"&#x64;ata:", b"da\tta:", b"da\r\nta:", b"data&colon;", b" data:", b"\x01data:"):
        yield Attack(f"data: URL as {spelt!r}", carried(b'Content-Type: text/html\r\n\r\n<a href="' + spelt + url[5:] + b'">x</a>\r\n'), "stop")


def outlook():
    """What begins like winmail.dat and is damaged is deposited as it came."""
    signature = b"\x78\x9f\x3e\x22"
    for kind in (b"application/ms-tnef", b"application/vnd.ms-tnef", b"application/octet-stream", b"text/plain", b"image/png"):
        body = base64.encodebytes(signature + b"\x01\x00" + EICAR).replace(b"\n", b"\r\n")
        yield from both(f"damaged TNEF as {kind.decode()}", lines(b"Content-Type: " + kind, b'Content-Disposition: attachment; filename="winmail.dat"') + ENCODING, "deposit", body)
    yield Attack("damaged TNEF as a text body", carried(b"Content-Type: text/plain\r\n" + ENCODING + b"\r\n" + body), "deposit")


def crossed():
    """Odd types, encodings and dispositions at once."""
    for kind in (b"application/octet-stream (text/plain)", b"application/octet-stream; charset=\x1b$B", b'application/octet-stream; name="a.txt', b"application"):
        for encoding in (b"base64", b"BASE64\t", b"base64 (c)", b"=?us-ascii?q?base64?=", b"base64\x0b"):
            for disposition in (b"inline; filename=a.txt", b"=?utf-8?q?inline?=; filename=a.txt", b"attachment; filename*1=b; filename*0=a; filename=c.txt", b"inline, attachment; filename=a.txt"):
                fields = lines(b"Content-Disposition: " + disposition, b"Content-Transfer-Encoding: " + encoding, b"Content-Type: " + kind)
                yield Attack(f"{kind!r} {encoding!r} {disposition!r}", carried(fields + b"\r\n" + BODY), None if encoding.strip().lower() == b"base64" else "hold")


KANA = "弊社のウェブサイトに掲載する内容をお送りいたします。" * 5
CSS = ".content{max-width:600px;margin:0 auto}" + ".btn{color:#fff;background:#06c}" * 8
# Ordinary texts that have something of a field, or of an encoded file.
ORDINARY = {
    "style sheet, minified": ("html", f"<html><head><style>\n{CSS}\n</style>\n  <meta name=\"viewport\" content=\"width=device-width\">\n</head><body>hi</body></html>\n"),
    "style sheet, classes": ("html", "<style>\n.content-wrapper:hover{color:red}\n.ExternalClass,.main-content,td{line-height:100%}\n</style><a name=top>hi</a>\n"),
    "list style": ("html", "<ul style='\nlist-style-type:none'>\n <li><a name=\"top\">x</a>\n</ul>\n"), "contents": ("html", f"<p>Contents:{KANA}</p>\n"),
    "JSON": ("plain", '{"contentType":"application/json","body":"' + "abc def " * 40 + '"}\n{"detail-type":"EC2","name":"x"}\n'), "monitoring": ("plain", "Instance-Type: m5.large, Name=web01\nalert-type: CPU, hostname=web01\n"),
    "a list": ("plain", "Contents:\n 1. hostname=web01\n 2. filename=a.exe\n"), "Japanese words": ("plain", f"contentについて:{KANA}\n血液型O-type:{KANA}\n"), "CSP": ("plain", "Content-Security-Policy: " + "https://a.example " * 20 + "\n"),
    "a table about types": ("plain", "Name\tContent-Type Name\n#main .content-type-name { a: b }\n"),
    "a cited mail": ("plain", "-----Original Message-----\nFrom: 田中 <tanaka@acme.example>\nSent: Friday\nTo: x\nSubject: y\n\n本文\n"),
}


def ordinary(kind, text):
    return HEAD + b"X-Mailer: Test\r\n" + VERSION + b"Content-Type: text/" + kind.encode() + b"; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text.replace("\n", "\r\n").encode()


LEGITIMATE = [
    Attack("legitimate: a file in base64", carried(PLANTED), "deposit"),
    Attack("legitimate: two files", mail(parts(TEXT, PLANTED, PLANTED.replace(b"evil", b"other"))), "deposit"),
    Attack("legitimate: a picture in a page", mail(parts(b"Content-Type: text/html\r\n\r\n<img src=\"cid:a@b\">\r\n", b"Content-Type: image/png\r\nContent-ID: <a@b>\r\n" + ENCODING + b"\r\n" + BODY), b"multipart/related; boundary=BB"), "deposit"),
    Attack("legitimate: the mail is the file", HEAD + VERSION + PLANTED, "deposit"),
    Attack("legitimate: a Japanese name", carried(PLANTED.replace(b'filename="evil.exe"', b"filename*=UTF-8''%E5%BE%A1%E8%A6%8B%E7%A9%8D.exe")), "deposit"),
    Attack("legitimate: a text as attachment", carried(b"Content-Type: text/plain\r\n" + DISPOSITION + b"\r\n" + EICAR + b"\r\n"), "deposit"),
    Attack("legitimate: a text, no file", HEAD + VERSION + b"Content-Type: text/plain\r\n\r\nWe begin at 10 o'clock\r\nend at 11\r\n", "relay"),
    *(Attack(f"legitimate: {name}, beside a file", mail(parts(text, PLANTED)), "deposit") for name, text in {
        # The notice's own lines are data to some below such a line.
        "begin": b"Content-Type: text/plain\r\n\r\nHello\r\nbegin by opening the box.\r\n",
        "begin in HTML": b"Content-Type: text/html\r\n\r\n<p>\r\nbegin by opening the box.</p>\r\n",
        "a transaction": b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "実行します。\r\nBEGIN TRAN\r\n".encode(),
        # What is a field's name only once a notice stands before it, or nothing does.
        "a name far behind": b'Content-Type: text/html\r\n\r\n<div dir="ltr">Please check the Content-Type header.<svg width=1></svg></div>\r\n',
        "a name in bold": b"Content-Type: text/html\r\n\r\n<b><p>The header Content-Type: is what I speak of</p></b>\r\n",
    }.items()),
    Attack("legitimate: a name of a field in a picture's place", mail(parts(b'Content-Type: text/html\r\n\r\n<p>Look:</p>\r\n<img alt="Content-Type is set here" src="cid:a@b">\r\n', b"Content-Type: image/png\r\nContent-ID: <a@b>\r\n" + ENCODING + b"\r\n" + BODY), b"multipart/related; boundary=BB"), "deposit"),
    Attack("legitimate: text and HTML, no file", mail(parts(TEXT, b"Content-Type: text/html\r\n\r\n<p>hello</p>\r\n"), b"multipart/alternative; boundary=BB"), "relay"),
    Attack("legitimate: no MIME at all", HEAD + b"\r\nhello\r\n", "relay"),
    *(Attack(f"legitimate: {name}", ordinary(*text), "relay") for name, text in ORDINARY.items()),
]


def texts_some_take_for_mails():
    """Dodges of what is looked for in a text and in a header: whatever is decided, no reader makes a file of what leaves."""
    named, far = b"tent-Disposition: attachment; filename=evil.exe", b"x" * 1022
    lines = {"a word that ends at a question mark": b"From: x\r\n=?a?Q?Con?" + named, "at a semicolon": b"From: x\r\n=?a?Q?Con;" + named, "at an equals sign": b"From: x\r\n=?a?Q?Con?==" + named,
             "a word in two lines": b"From: x\r\nX: =?a?Q?x?= =?=\r\n?Q?=0ACon?=" + named, "a folded comment": b"From: x\r\nCon(x\r\n y)" + named, "a comment over two fields": b"From: x\r\nCon(x;\r\ny)" + named,
             "white space between words": b"From: x\r\n=?a?Q?C?= =?a?Q?on?=" + named, "a far field": b"From: x\r\n" + far + b"Con" + named, "a far header": far + b"From: x\r\nX-Con" + named,
             "a far word": b"Subject: " + far + b"=?a?Q?=0ACon?=" + named, "an LF before a CR": b"From: x\n\rX-Con" + named, "a CR twice": b"From: x\r\rX-Con" + named, "a header behind it": b'"Con' + named,
             "another form of the name": b"From: x\r\nContent-Disposition: x; filename*x=evil.exe", "a blank place": b"From: x\r\nContent-Location:\t", "a path": b"From: x\r\nContent-Location: /evil.exe",
             "a bracket": b"From: x\r\nresponse['Con" + named}
    quoted = lambda text: b"".join(bytes([octet]) if 32 < octet < 127 and octet != 61 else b"=%02X" % octet for octet in text)
    for name, text in lines.items():
        text += b"\r\n\r\n" + EICAR + b"\r\n\r\nFrom: x\r\n"
        inner = b"Content-Type: text/plain; charset=utf-8\r\n"
        raw = inner + b"\r\n" + text
        coded = inner + ENCODING + b"\r\n" + base64.encodebytes(text).replace(b"\n", b"\r\n")
        for kind, part in (("", raw), ("base64 ", coded)):
            yield Attack(f"{name} in a {kind}text that some take for a mail", HEAD + VERSION + part, None)
            yield Attack(f"{name} in a {kind}text beside a file that some take for a mail", mail(parts(part, PLANTED)), None)
    for name, text in {"uuencoded, any mode": uu().replace(b"644", b"x"), "munpack's parts": b"[evil.exe - part 1 of 1]\r\n" + uu().replace(b"644", b"x"),
                       "munpack's sections": b"section 1/1 file evil.exe x\r\n" + uu().replace(b"644", b"x"), "x-uuencode": b"From: x\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n" + uu().replace(b"644", b"x")}.items():
        yield Attack(f"{name} in a text that some take for a file", HEAD + VERSION + b"Content-Type: text/plain\r\n\r\n" + text, None)
    hidden = quoted(b"x\r\nContent-Location: evil.exe")
    for name, subject in {"a hidden field": b"=?u?Q?" + hidden, "a word in a word": b"=?u?Q?" + quoted(b"=?u?Q?" + hidden) + b"?=", "an encoding nobody knows": b"=?u?X?a?=", "one in a word": b"=?u?Q?" + quoted(b"=?u?X?a?=") + b"?="}.items():
        for body in (EICAR + b"\r\n", b"y" * 75 + b"Content-Location: evil.exe\r\n\r\n" + EICAR + b"\r\n"):
            yield Attack(f"{name} in a subject", HEAD.replace(b"Subject: test", b"Subject: " + subject) + VERSION + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + body, None)


def lines_that_are_cut():
    """Files that begin where ripmime cuts a long line, as it came or as it is written afresh, and first lines of files that only it takes for any. (What is in them is none
    of the planted file's: as words they may stay.)"""
    cut, data = 1023, binascii.b2a_uu(b"MZ of the planted file").rstrip(b"\n")
    long = b"begin 644 ".ljust(cut - 8, b"/") + b"evil.exe" + data.ljust(cut, b"z") + b"end\r\n"
    plain = lambda body, charset=b"utf-8", fields=b"": b"Content-Type: text/plain; charset=" + charset + b"\r\n" + fields + b"\r\n" + body
    html = lambda body, charset=b"utf-8": b"Content-Type: text/html; charset=" + charset + b"\r\n\r\n" + body
    quoted = lines(b"Content-Transfer-Encoding: quoted-printable")
    texts = {"one long line": plain(b"x" * cut + long), "one long line of HTML": html(b"<p>" + b"x" * (cut - 3) + long), "one long line, soft breaks": plain(b"=\r\n".join((b"x" * cut + long)[i:i + 70] for i in range(0, 4 * cut, 70)), fields=quoted)}
    for charset in (b"windows-1252", b"windows-1251", b"windows-1250", b"iso-8859-15"):
        wide = b"\x80" if charset == b"windows-1252" else b"\xa4" if charset == b"iso-8859-15" else b"\x96"
        grown = wide * (cut // 3) + long
        texts[f"a line that grows from {charset.decode()}"] = plain(b"x" * 75 + b"begin 644 z\r\n" + grown, charset)
        texts[f"HTML that grows from {charset.decode()}"] = html(b"x" * 75 + b"begin 644 z\r\n" + grown, charset)
    for begin in (b"begin\x0cfoo 644 evil.exe", b"begin\x0bx 644 evil.exe", b"begin x evil.exe", b"BEGIN\tthe\tevil.exe"):
        texts[repr(begin)] = plain(b"hello=\r\nbegin 644 z\r\n" + begin + b"\r\nwords of a file\r\nend\r\n", fields=quoted)
    for name, text in texts.items():
        yield Attack(f"cut: {name}", HEAD + VERSION + text, None)
        yield Attack(f"cut: {name}, beside a file", mail(parts(text, PLANTED)), None)
    header = b"From: x\r\nSubject: y\r\nDate: z\r\n"
    field = b"Content-Disposition: attachment; filename=evil.exe"
    picture = lambda name: b'Content-Type: image/png; name="' + name + b'"\r\nContent-ID: <i@x>\r\n' + ENCODING + b"\r\n" + BODY
    for name, tag, file in (("alt", b'<img src="cid:i@x" alt="' + field + b'">', b"p.png"), ("joined", b'Content<img src="cid:i@x" alt="' + field[7:] + b'">', b"p.png"), ("name", b'<img src="cid:i@x">', field)):
        yield Attack(f"a field in a picture's place: {name}", mail(parts(html(header + tag + b"\r\n\r\nMZ\r\n"), picture(file)), b"multipart/related; boundary=BB"), None)
    for far in range(32):
        body = b"x" * 75 + b"begin 644 z\r\n<html><body>" + b"y" * far + b"</body></html>\r\n<!--\r\n" + data + b"\r\n`\r\nend\r\n-->\r\n"
        yield Attack(f"a file's name in the notice, {far}", mail(parts(html(body, b"windows-1252"), PLANTED.replace(b"evil.exe", b"begin 644 z"))), None)


def quoted_printable_read_otherwise():
    """Quoted-printable that is not as RFC 2045, 6.7 has it, of which ripmime makes other lines: it drops a `=` where it cuts a line, takes one before an octet beyond ASCII for a
    line's end, and a line's end in an escape for white space. (What is in them is none of the planted file's: as words they may stay.)"""
    cut, data = 1023, binascii.b2a_uu(b"MZ of the planted file").rstrip(b"\n")
    fields = [b"MIME-Version: 1.0", b"From: x", b"Content-Type: application/x; name=3Devil.exe", b"Content-Transfer-Encoding: base64"]
    encoded = b"\r\n" + base64.b64encode(b"MZ of the planted file").replace(b"=", b"=3D") + b"\r\n"
    long = (b"begin z ".ljust(cut - 9, b"x") + b"/evil.exe" + data).ljust(2 * cut, b"z") + data.ljust(cut, b"z")
    soft = b"=\r\n".join(long[i:i + 23].hex("=").upper().encode().join((b"=", b"")) for i in range(0, len(long), 23)) + b"\r\nend\r\n"
    texts = {}
    for at in (1021, 1022, 1023):
        texts[f"an equals sign dropped at {at}"] = b"".join(b"X-a:".ljust(at - 10, b"y") + b"=0D=0A" + field[:3] + b"=" + field[3:] + b"\r\n" for field in fields) + encoded
        texts[f"a soft break at {at}"] = b"".join(b"a " + b"=41" * 300 + b"b" * (at - 903) + b"=\r\n" + field + b"\r\n" for field in fields) + encoded
    for name, end in (("ASCII", b"=\x82A"), ("line", b"=\xe3A"), ("break", b"=\x82=0A")):
        texts[f"an octet beyond {name} that ends a line"] = b"".join(b"a " + end + field + b"\r\n" for field in fields) + encoded
        texts[f"an octet beyond {name} that ends a line, short"] = b"Hello" + b"".join(end + field for field in fields[:2]) + b"\r\nhello" + b"".join(end + field for field in fields[2:]) + b"\r\n" + encoded
    for mode in (b"begin=0A644 x", b"begin=0D644 x", b"begin =0B644 x", b"begin =0C644 x", b"begin=0A=0B644 x"):
        texts[f"a mode behind {mode}"] = b"hello\r\n" + soft + b"hello, =\r\n" + mode + b"\r\n"
        texts[f"a mode at a line's beginning behind {mode}"] = b"hello\r\n" + soft + b"hello\r\n" + mode + b"\r\n"
        texts[f"a mode where our own line breaks behind {mode}"] = b"hello\r\n" + soft + b"h" * 70 + b"=\r\n" + b"h" * 5 + b"=\r\n" + mode + b"\r\n"
    for name, text in texts.items():
        for kind in (b"plain", b"html"):
            part = b"Content-Type: text/" + kind + b"; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + (b"<pre>\r\n" if kind == b"html" else b"") + text
            yield Attack(f"quoted: {name}, {kind.decode()}", HEAD + VERSION + part, None)
            yield Attack(f"quoted: {name}, {kind.decode()}, beside a file", mail(parts(part, PLANTED)), None)
    # Nothing is left of such a mail but the notice: the sender's name stands in one line of it, and many files keep that in quoted-printable.
    files = [PLANTED.replace(b"evil.exe", b"%03d" % at + b"x" * 240 + b".pdf") for at in range(20)]
    for far in range(2, 80, 4):
        name = "x" * far + "😀" * ((1014 - far) // 4) + "begin 644 evil.exe "
        words = b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(name[i:i + 10].encode()) + b"?=" for i in range(0, len(name), 10))
        yield Attack(f"a file's first line in the sender's name, {far}", mail(parts(*files)).replace(b"From: Tanaka", b"From: " + words + b"\r\n"), None)


def all_attacks():
    """Every attack, in a fixed order."""
    for family in (doubled_fields, field_names, encodings, base64_bodies, quoted_printable_bodies, files_in_text, cuts_in_html, shown_only_decoded, texts_for_line_readers, fields_in_encoded_words, fields_that_are_none, fields_without_a_name, fields_with_long_names, long_boundaries, boundary_parameters, odd_boundaries,
                   boundary_lines, structures, multiparts_in_disguise, types, dispositions, named_texts, nested_messages, names, separators, versions, foldings,
                   stopped, outlook, crossed, texts_some_take_for_mails, lines_that_are_cut, quoted_printable_read_otherwise):
        yield from family()
