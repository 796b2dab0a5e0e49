#!/usr/bin/env python3
"""Makes the demo's sample mail: Japanese text and HTML, a picture inline, a PDF and a spreadsheet.

    tools/make-demo-mail.py crates/fubako/assets/demo/sample.eml

Run it only to change the sample: the mail it makes is in the repository. Same input, same octets.
"""
import io
import math
import struct
import sys
import zipfile
import zlib
from email.headerregistry import Address
from email.message import EmailMessage
from email import policy


def pdf(lines):
    """A one-page PDF with Japanese text in a font that every viewer brings."""
    text = ["BT /F1 20 Tf 60 760 Td 34 TL"]
    for line in lines:
        text.append("<%s> Tj T*" % line.encode("utf-16-be").hex().upper())
    text.append("ET")
    stream = "\n".join(text).encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiKakuGo-W5 /Encoding /UniJIS-UTF16-H /DescendantFonts [6 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiKakuGo-W5 /CIDSystemInfo"
        b" << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> /FontDescriptor 7 0 R >>",
        b"<< /Type /FontDescriptor /FontName /HeiseiKakuGo-W5 /Flags 4 /FontBBox [-92 -250 1010 922] /ItalicAngle 0"
        b" /Ascent 709 /Descent -241 /CapHeight 737 /StemV 114 >>",
    ]
    out = io.BytesIO(b"")
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    xref = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, xref))
    return out.getvalue()


def png(width=480, height=240):
    """A calm picture: hills before an evening sky."""
    rows = []
    for y in range(height):
        row = bytearray([0])
        for x in range(width):
            sky = y / height
            pixel = (int(250 - 70 * sky), int(214 - 60 * sky), int(180 + 40 * sky))
            if (x - 350) ** 2 + (y - 80) ** 2 < 34 ** 2:
                pixel = (255, 244, 220)
            for hill, (base, swing, pace, shade) in enumerate(
                [(150, 18, 70, (122, 140, 150)), (180, 14, 48, (82, 110, 112)), (208, 9, 36, (46, 78, 74))]
            ):
                if y > base + swing * math.sin(x / pace + hill * 2):
                    pixel = shade
            row += bytes(pixel)
        rows.append(bytes(row))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + chunk(b"IEND", b"")


def xlsx(rows):
    """A spreadsheet of one sheet."""
    def cell(value):
        if isinstance(value, str):
            return '<c t="inlineStr"><is><t>%s</t></is></c>' % value
        return "<c><v>%d</v></c>" % value

    sheet = "".join("<row>%s</row>" % "".join(map(cell, row)) for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    parts = {
        "[Content_Types].xml": f'{xml}<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": f'{xml}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{xml}<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="見積" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{xml}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{xml}<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, (2026, 4, 1, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            book.writestr(info, text)
    return out.getvalue()


TEXT = """\
緑川物産株式会社
総務部 高橋様

いつもお世話になっております。文箱商事の佐藤です。
先日お打ち合わせいたしました新社屋の件、お見積書と内訳表をお送りいたします。
完成予想図は本文に貼り付けております。

ご確認のほど、よろしくお願いいたします。

文箱商事 営業部 佐藤 花子
"""

HTML = """\
<html><body style="font-family: sans-serif">
<p>緑川物産株式会社<br>総務部 高橋様</p>
<p>いつもお世話になっております。文箱商事の佐藤です。<br>
先日お打ち合わせいたしました新社屋の件、<b>お見積書</b>と<b>内訳表</b>をお送りいたします。</p>
<p><img src="cid:site@fubako-shoji.example" alt="新社屋の完成予想図" width="480" height="240"></p>
<p>ご確認のほど、よろしくお願いいたします。</p>
<p>文箱商事 営業部 佐藤 花子</p>
</body></html>
"""


def main(path):
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = Address("佐藤 花子(文箱商事)", "sato", "fubako-shoji.example")
    mail["To"] = Address("高橋 一郎", "takahashi", "midorikawa.example")
    mail["Subject"] = "新社屋のお見積書をお送りします"
    mail.set_content(TEXT, charset="iso-2022-jp", cte="7bit")
    mail.add_alternative(HTML, subtype="html", charset="utf-8", cte="base64")
    mail.get_payload()[1].add_related(
        png(), "image", "png", cid="<site@fubako-shoji.example>", filename="完成予想図.png", disposition="inline"
    )
    mail.add_attachment(
        pdf(["御見積書", "緑川物産株式会社 御中", "新社屋 内装工事一式", "合計 ¥12,480,000(税込)", "文箱商事株式会社"]),
        "application", "pdf", filename="御見積書.pdf",
    )
    mail.add_attachment(
        xlsx([["項目", "数量", "単価"], ["床材", 320, 8500], ["照明", 64, 42000], ["間仕切り", 28, 96000]]),
        "application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet", filename="内訳表(新社屋).xlsx",
    )
    mail.set_boundary("=_fubako-sample-1")
    for number, part in enumerate((p for p in mail.walk() if p.is_multipart() and p is not mail), 2):
        part.set_boundary(f"=_fubako-sample-{number}")
    with open(path, "wb") as out:
        out.write(mail.as_bytes())


if __name__ == "__main__":
    main(sys.argv[1])
