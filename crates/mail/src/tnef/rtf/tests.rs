#![allow(clippy::unwrap_used)]

use super::*;

fn text(rtf: &str) -> String {
    match read(rtf.as_bytes()).unwrap() {
        Read::Text(text) => text,
        Read::Html(html) => panic!("HTML: {html}"),
    }
}

fn html(rtf: &str) -> String {
    match read(rtf.as_bytes()).unwrap() {
        Read::Html(html) => html,
        Read::Text(text) => panic!("text: {text}"),
    }
}

// spec: MAIL-TNEF
#[test]
fn text_is_read_from_rtf() {
    for (rtf, expected) in [
        (r"{\rtf1 Hello\par World}", "Hello\r\nWorld"),
        (r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\*\generator Riched;}\f0\fs20 a\tab b}", "a\tb"),
        (r"{\rtf1 \{a\}\\b\~c\_d\-e\'e9}", "{a}\\b\u{a0}c\u{2011}d\u{ad}eé"),
        (r"{\rtf1 {\info{\author X}}{\pict 0102}{\header H}body{\footer F}}", "body"),
        (r"{\rtf1 \ldblquote x\rdblquote \emdash\bullet}", "\u{201c}x\u{201d}\u{2014}\u{2022}"),
        (r"{\rtf1 a{\v hidden}b\v c\v0 d\v e\plain f}", "abdf"),
        (r"{\rtf1 {\field{\*\fldinst HYPERLINK x}{\fldrslt link}}}", "link"),
        (r"{\rtf1 {\pntext 1.\tab}one}", "1.\tone"),
        (r"{\rtf1 a}}}b{{", "ab"),
        (r"{\rtf1 x\cell y\row}", "x\ty\r\n"),
        ("{\\rtf1 one\r\ntwo\\\r\nthree}", "onetwo\r\nthree"),
    ] {
        assert_eq!(text(rtf), expected, "{rtf}");
    }
}

// spec: MAIL-TNEF
#[test]
fn japanese_is_read_from_rtf_however_it_is_written() {
    let fonts = r"{\fonttbl{\f0\fnil\fcharset0 Arial;}{\f1\fmodern\fcharset128 MS Gothic;}{\f2\cpg51932 x;}}";
    for (rtf, expected) in [
        // 表 has a backslash as its second octet in Shift_JIS, ソ too; a second octet may stand as it is.
        (r"{\rtf1\ansi\ansicpg932 \'95\'5c\'8e\'a6\'83\\ \'83\'5c\'83A}".to_owned(), "表示ソ ソア"),
        (format!(r"{{\rtf1\ansi\ansicpg1252\deff0{fonts}\f1\'93\'fa\'96\'7b\f0\'e9\f2\'c6\'fc}}"), "日本é日"),
        (format!(r"{{\rtf1\ansi\deff1{fonts}\'93\'fa{{\f0\'e9}}\'96\'7b\plain\'8c\'ea}}"), "日é本語"),
        (r"{\rtf1\ansi\ansicpg932\uc2\u26085\'93\'fa\u26412 ??\u-30050 ab.}".to_owned(), "日本語."),
        (r"{\rtf1\uc0\u-10179\u-8704!\u55357!\u128512}".to_owned(), "😀!\u{fffd}!😀"),
        (r"{\rtf1\uc1\u26085{x}\u26412\tab\u35486\'3f\uc0\u26085 x}".to_owned(), "日x本語日x"),
        (r"{\rtf1\u26085?\u26412 {\uc3\u35486 abcd}e}".to_owned(), "日本 語de"),
    ] {
        // In the last one the space belongs to the number.
        assert_eq!(text(&rtf), expected.replace("本 語", "本語"), "{rtf}");
    }
}

// spec: MAIL-TNEF
#[test]
fn html_is_taken_out_of_rtf() {
    // After the example of MS-OXRTFEX, 3.1.
    let rtf = r#"{\rtf1\ANSI\ansicpg1251\fromhtml1 \deff0
{\fonttbl {\f0\fmodern Courier New;}{\f1\fswiss Arial;}{\f2\fswiss\fcharset0 Arial;}}
{\colortbl\red0\green0\blue0;\red0\green0\blue255;}
{\*\htmltag64}
\uc1\pard\plain\deftab360 \f0\fs24
{\*\htmltag <HTML><head>\par
<style>\par
<!--\par
 /* Style Definitions */\par
 p.MsoNormal, li.MsoNormal \{font-family:Arial;\}\par
-->\par
</style>\par
\tab <!-- This is a HTML comment.\par
There is a horizontal tab (%x09) character before the comment, \par
and some new lines inside the comment. -->\par
</head>\par
<body>\par
<p\par
class="MsoNormal">}
{\htmlrtf \f1 \htmlrtf0 Note the line break inside a P tag. {\*\htmltag <b>}{\htmlrtf \b \htmlrtf0 This is a bold text{\*\htmltag </b>}} \htmlrtf\par\htmlrtf0}
\htmlrtf \par \htmlrtf0
{\*\htmltag </p>\par
<p class="MsoNormal">\par}
{\htmlrtf \f1 \htmlrtf0 This is a normal text with a character references:
{\*\htmltag &nbsp;}\htmlrtf \'a0\htmlrtf0  {\*\htmltag &lt;}\htmlrtf <\htmlrtf0 {\*\htmltag &uml;}\htmlrtf {\f2\'a8}\htmlrtf0{\*\htmltag <br>\par}\htmlrtf\line\htmlrtf0
characters which have special meaning in RTF: \{\}\\{\*\htmltag <br>\par}\htmlrtf\line\htmlrtf0\htmlrtf\par\htmlrtf0}
{\*\mhtmltag <img src=x>}{\*\htmltag <img src=y>}
{\*\htmltag </body>\par
</HTML>}}"#;
    let html = html(rtf);
    for wanted in [
        "<HTML><head>\r\n<style>\r\n<!--\r\n /* Style Definitions */\r\n p.MsoNormal, li.MsoNormal {font-family:Arial;}\r\n",
        "\t<!-- This is a HTML comment.\r\n",
        "Note the line break inside a P tag. <b>This is a bold text</b> </p>\r\n",
        "character references:&nbsp; &lt;&uml;<br>\r\n",
        "special meaning in RTF: {}\\<br>\r\n<img src=y></body>\r\n</HTML>",
    ] {
        assert!(html.contains(wanted), "{wanted:?} in {html:?}");
    }
    assert!(!html.contains("src=x") && !html.contains('\u{a8}') && !html.contains("Courier"), "{html}");
}

#[test]
fn html_in_japanese_is_taken_out_of_rtf() {
    let rtf = r"{\rtf1\ansi\ansicpg932\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fnil\fcharset128 x;}{\f2\fcharset0 y;}}
{\*\htmltag <p title='\'93\'fa\u26412 ?'>}\htmlrtf{\f2\htmlrtf0 \'e9\htmlrtf}\f1\htmlrtf0 \'96\'7b{\*\htmltag </p>}}";
    assert_eq!(html(rtf), "<p title='日本'>é本</p>");
}

#[test]
fn encapsulated_text_is_text() {
    let rtf = r"{\rtf1\ansi\fromtext {\fonttbl{\f0 x;}}\htmlrtf{\b\htmlrtf0 one\line two\htmlrtf}\htmlrtf0}";
    assert_eq!(text(rtf), "one\r\ntwo");
}

#[test]
fn what_is_no_rtf_is_not_read() {
    for bad in ["", "{", "text", "{\\b x}", "rtf1", "<html>"] {
        assert!(read(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(read(format!("{{\\rtf1{}", "{".repeat(MAX_DEPTH + 1)).as_bytes()).is_err());
    assert!(read(format!("{{\\rtf1{}", "{}".repeat(MAX_DEPTH * 3)).as_bytes()).is_ok());
}
