//! Streams of every kind.

use super::*;

/// 見積書.xls and 表ソ.txt in Shift_JIS; the second octets of 表 and ソ are backslashes.
pub const ESTIMATE: &[u8] = b"\x8c\xa9\x90\xcf\x8f\x91.xls";
pub const BACKSLASHES: &[u8] = b"\x95\x5c\x83\x5c.txt";

pub const ICON: &[u8] = b"\x89PNG\r\n\x1a\n an icon";

pub fn by_value() -> Props {
    Props::new().long(P_METHOD, 1)
}

/// As Outlook 2000 wrote: 8-bit names, text in attBody.
pub fn ansi() -> Vec<u8> {
    Tnef::mail(1252)
        .attribute(1, SUBJECT, b"Caf\xe9\0")
        .attribute(1, BODY, b"Text f\xfcr alle\r\n\0")
        .file(b"CAFE~1.TXT", b"one", &by_value().string8(P_LONG_FILENAME, b"Caf\xe9 f\xfcr alle.txt"))
        .file(b"SHORT.TXT", b"two", &by_value())
        .octets()
}

/// As Exchange writes: names in Unicode, data in attAttachData.
pub fn unicode() -> Vec<u8> {
    let names = by_value().noise().unicode(P_FILENAME, "見積~1.XLS").unicode(P_LONG_FILENAME, "見積書 2026年.xlsx");
    Tnef::mail(1252)
        .properties(&Props::new().noise().unicode(P_BODY, "本文です。\r\n").unicode(P_CLASS, "IPM.Note"))
        .file(b"??~1.XLS", b"PK\x03\x04 numbers", &names.unicode(P_MIME_TAG, "Application/X-Excel"))
        .octets()
}

/// As Japanese Outlook writes: names and text in Shift_JIS.
pub fn japanese() -> Vec<u8> {
    Tnef::mail(932)
        .attribute(1, BODY, b"\x96\x7b\x95\xb6\0")
        .file(ESTIMATE, b"an estimate", &by_value())
        .file(b"A~1.TXT", b"backslashes", &by_value().string8(P_LONG_FILENAME, BACKSLASHES))
        .octets()
}

/// Data in a property, as older connectors write.
pub fn in_properties() -> Vec<u8> {
    let file = |name, data| by_value().binary(P_DATA, data).noise().unicode(P_LONG_FILENAME, name);
    Tnef::mail(1252).attached(&file("a.doc", b"12345")).attached(&file("b.doc", b"")).octets()
}

/// HTML with a picture in it, and a file.
pub fn html() -> Vec<u8> {
    let body = "<html><body>写真<img src=\"cid:image001.png@01D4\"></body></html>";
    let icon = by_value()
        .unicode(P_LONG_FILENAME, "image001.png")
        .unicode(P_MIME_TAG, "image/png")
        .unicode(P_CONTENT_ID, "<image001.png@01D4>")
        .long(P_FLAGS, 4)
        .boolean(P_HIDDEN, true);
    Tnef::mail(932)
        .properties(&Props::new().binary(P_HTML, body.as_bytes()).long(P_INTERNET_CODEPAGE, 65001).noise())
        .file(b"image001.png", ICON, &icon)
        .file(b"plan.pdf", b"%PDF-1.7", &by_value())
        .octets()
}

/// HTML encapsulated in RTF, and no file.
pub fn html_in_rtf() -> Vec<u8> {
    let rtf = r"{\rtf1\ansi\ansicpg932\fromhtml1 \deff0{\fonttbl{\f0\fnil\fcharset128 MS Gothic;}}
{\*\htmltag64 <p>}\htmlrtf{\htmlrtf0 \'93\'fa\'96\'7b{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0}";
    Tnef::mail(932).properties(&Props::new().binary(P_RTF, &compressed(rtf.as_bytes()))).octets()
}

/// RTF in Japanese, and a file.
pub fn rtf() -> Vec<u8> {
    let rtf = r"{\rtf1\ansi\ansicpg932\deff0{\fonttbl{\f0\fnil\fcharset128 MS PGothic;}}\uc1\pard\f0\fs20
\'95\'5c\'8e\'a6\par \u26085?\u26412?\par}";
    Tnef::mail(932)
        .properties(&Props::new().binary(P_RTF, &compressed(rtf.as_bytes())))
        .file(b"a.txt", b"a", &by_value())
        .octets()
}

/// An object in rich text: a compound file.
pub fn ole() -> Vec<u8> {
    let object =
        Props::new().long(P_METHOD, 6).string8(P_DISPLAY_NAME, b"").object(ISTORAGE, b"\xd0\xcf\x11\xe0 sheet");
    Tnef::mail(1252)
        .attribute(2, ATTACH_RENDDATA, &[2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        .attribute(2, ATTACH_TITLE, b"Untitled_Attachment\0")
        .attribute(2, ATTACHMENT, &object.list())
        .octets()
}

/// A mail that is attached to others, with a file, a picture and somebody without an internet address.
pub fn forwarded() -> Tnef {
    let row = |kind, name, address: &str| {
        Props::new().long(P_RECIPIENT_TYPE, kind).unicode(P_DISPLAY_NAME, name).noise().unicode(P_SMTP_ADDRESS, address)
    };
    let intern = Props::new()
        .long(P_RECIPIENT_TYPE, 1)
        .unicode(P_DISPLAY_NAME, "課長")
        .unicode(P_ADDRESS_TYPE, "EX")
        .unicode(P_ADDRESS, "/o=Example/cn=kacho");
    Tnef::mail(932)
        .properties(
            &Props::new()
                .unicode(P_SUBJECT, "ご報告")
                .unicode(P_SENDER_NAME, "山田 太郎")
                .unicode(P_SENDER_TYPE, "SMTP")
                .unicode(P_SENDER_ADDRESS, "taro@example.jp")
                .unicode(P_MESSAGE_ID, "<1@example.jp>")
                .time(P_SENT, 133_537_247_990_000_000)
                .unicode(P_BODY, "中の本文\r\n"),
        )
        .recipients(&[row(1, "鈴木", "suzuki@example.com"), intern, row(2, "Sato, Hanako", "sato@example.com")])
        .file(ESTIMATE, b"an estimate within", &by_value())
}

pub fn attached_message(name: &str, message: &[u8]) -> Props {
    Props::new().unicode(P_DISPLAY_NAME, name).object(IMESSAGE, message).long(P_METHOD, 5).boolean(P_HIDDEN, false)
}

/// A mail in which a mail is attached, in which a mail is attached; and files beside them.
pub fn nested() -> Vec<u8> {
    let inner = Tnef::mail(1252)
        .attribute(1, SUBJECT, b"inner\0")
        .properties(&Props::new().binary(P_HTML, b"<img src=cid:p>"))
        .file(b"p.png", ICON, &by_value().string8(P_CONTENT_ID, b"p").long(P_FLAGS, 4))
        .octets();
    let middle = forwarded().attached(&attached_message("inner", &inner)).octets();
    Tnef::mail(932)
        .file(b"before.txt", b"before", &by_value())
        .file(
            b"Untitled Attachment",
            b"This attachment is a MAPI 1.0 embedded message",
            &attached_message("ご報告", &middle),
        )
        .file(b"after.txt", b"after", &by_value())
        .octets()
}

/// A mail in which a contact is attached.
pub fn contact() -> Vec<u8> {
    let contact = Tnef::bare()
        .attribute(1, MESSAGE_CLASS, b"IPM.Contact\0")
        .properties(&Props::new().unicode(P_SUBJECT, "Suzuki").noise())
        .file(b"ContactPicture.jpg", b"\xff\xd8\xff", &by_value())
        .octets();
    Tnef::mail(1252).attached(&attached_message("Suzuki", &contact)).octets()
}

/// Nothing but a text.
pub fn only_text() -> Vec<u8> {
    Tnef::mail(932).attribute(1, BODY, b"\x82\xb1\x82\xcc\x83\x81\x81\x5b\x83\x8b\0").octets()
}

/// An invitation: what it says is in named properties.
pub fn calendar() -> Vec<u8> {
    Tnef::bare()
        .attribute(1, MESSAGE_CLASS, b"IPM.Microsoft Schedule.MtgReq\0")
        .properties(&Props::new().noise().rare().unicode(P_SUBJECT, "会議").unicode(P_BODY, "3階会議室"))
        .octets()
}

/// All of them, by name.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("ansi", ansi()),
        ("unicode", unicode()),
        ("japanese", japanese()),
        ("in_properties", in_properties()),
        ("html", html()),
        ("html_in_rtf", html_in_rtf()),
        ("rtf", rtf()),
        ("ole", ole()),
        ("nested", nested()),
        ("contact", contact()),
        ("only_text", only_text()),
        ("calendar", calendar()),
    ]
}
