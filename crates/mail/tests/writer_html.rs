//! HTML bodies: references to removed parts, and the notice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use fubako_base::section::NoticePosition::{self, End, Top};
use fubako_mail::html::{Insertion, References, Rewriter};
use proptest::prelude::*;

const NOTICE: &str = "<div>NOTICE</div>";

fn references() -> Arc<References> {
    let mut references = References::default();
    references.add(Some("gone@x.jp"), None, "図<1>.png");
    references.add(Some("a b&c@x"), Some("http://x.jp/pic.gif"), "pic.gif");
    references.add(None, Some("image002.jpg"), "image002.jpg");
    Arc::new(references)
}

fn in_pieces(html: &str, notice: Option<NoticePosition>, cuts: &[usize]) -> String {
    let insertion = notice.map(|position| Insertion { position, html: NOTICE.to_owned() });
    let mut rewriter = Rewriter::new(references(), insertion);
    let (mut out, mut from) = (Vec::new(), 0);
    for cut in cuts.iter().copied().chain([html.len()]) {
        rewriter.push(&html[from..cut], &mut out).unwrap();
        from = cut;
    }
    rewriter.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Rewrites it whole, in two pieces at every place, and character for character: it must come out the same.
fn rewritten_with(html: &str, notice: Option<NoticePosition>) -> String {
    let whole = in_pieces(html, notice, &[]);
    let places: Vec<usize> = html.char_indices().map(|(at, _)| at).collect();
    for cut in &places {
        assert_eq!(in_pieces(html, notice, &[*cut]), whole, "cut at {cut}: {html}");
    }
    assert_eq!(in_pieces(html, notice, &places), whole, "character for character: {html}");
    whole
}

fn rewritten(html: &str) -> String {
    rewritten_with(html, None)
}

// spec: MAIL-CID
#[test]
fn an_image_that_is_gone_is_replaced_by_its_text_or_name() {
    for (html, expected) in [
        ("a<img src=\"cid:gone@x.jp\" alt=\"会社のロゴ\">b", "a会社のロゴb"),
        ("a<img src='cid:gone@x.jp'>b", "a図&lt;1&gt;.pngb"),
        ("a<IMG SRC=CID:gone@x.jp ALT=\"\" />b", "a図&lt;1&gt;.pngb"),
        ("<img alt='1 < 2 &amp; \"x\" > 0' src=cid:gone%40x.jp>", "1 &lt; 2 &amp; \"x\" &gt; 0"),
        ("<img alt='<script>alert(1)</script>' src=cid:gone@x.jp>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<img\r\n  width=5\r\n  src = \"cid:gone@x.jp\"\r\n>", "図&lt;1&gt;.png"),
        ("<img src=\"&#99;&#x69;d&colon;gone&commat;x.jp\">", "図&lt;1&gt;.png"),
        ("<img src=\" c\ti\nd:gone@x.jp \">", "図&lt;1&gt;.png"),
        ("<img src=\"cid:a%20b%26c@x\" alt=x>", "x"),
        ("<img src=\"cid:a b&amp;c@x\" alt=x>", "x"),
        ("<img src=http://x.jp/pic.gif>", "pic.gif"),
        ("<img src=image002.jpg>", "image002.jpg"),
        ("<img srcset='cid:gone@x.jp 1x, cid:gone@x.jp 2x' alt=x>", "x"),
        ("<p><img src=cid:gone@x.jp alt=x></p>", "<p>x</p>"),
        ("<img/src=cid:gone@x.jp/**/>", "<img/src=cid:gone@x.jp/**/>"),
    ] {
        assert_eq!(rewritten(html), expected, "{html}");
    }
}

// spec: MAIL-CID (RFC 2557, 5: relative references have a base)
#[test]
fn a_relative_reference_means_a_removed_part_by_its_base() {
    let mut references = References::default();
    references.add(None, Some("pic.png"), "pic.png");
    references.add_url("http://x.jp/dir/pic.png", "pic.png");
    references.add_url("thismessage:/a%20b.gif", "a b.gif");
    let references = Arc::new(references);
    for (base, html, expected) in [
        (Some("http://x.jp/dir/page.html"), "<img src='../dir/pic.png#x'>", "pic.png"),
        (Some("http://x.jp/dir/page.html"), "<img src=/dir/pic.png>", "pic.png"),
        (Some("http://x.jp/other/"), "<img src=./pic.png>", "<img src=./pic.png>"),
        (Some("http://x.jp/other/"), "<base href='../dir/'><img src=./pic.png>", "<base href='../dir/'>pic.png"),
        (None, "<base href=http://x.jp/><a href=dir/pic.png>b</a>", "<base href=http://x.jp/><a>b</a>"),
        (None, "<img src=./pic.png>", "<img src=./pic.png>"),
        (Some("thismessage:/"), "<p style='background:url(./a b.gif)'>", "<p style='background:none'>"),
        (Some("http://x.jp/dir/"), "<img srcdoc='<img src=./pic.png>' src=x>", "<img srcdoc='pic.png' src=x>"),
        (Some("http://x.jp/dir/"), "<img src=./other.png>", "<img src=./other.png>"),
        // What is written alike and means something else.
        (Some("http://x.jp/other/"), "<img src=pic.png>", "<img src=pic.png>"),
        (
            Some("http://x.jp/dir/"),
            "<base href='http://other/'><img src=pic.png>",
            "<base href='http://other/'><img src=pic.png>",
        ),
        (
            Some("http://x.jp/dir/pic.png"),
            "<a href='#top'>t</a><a href=''>u</a>",
            "<a href='#top'>t</a><a href=''>u</a>",
        ),
        // A `<base>` that not everybody sees does not go before the rest.
        (
            Some("http://x.jp/dir/"),
            "<!--[if mso]><base href='http://other/'><![endif]--><img src=pic.png>",
            "<!--[if mso]><base href='http://other/'><![endif]-->pic.png",
        ),
        (Some("http://x.jp/dir/"), "<image q:href=pic.png width=1>", "<image width=1>"),
    ] {
        let mut rewriter = Rewriter::with_base(Arc::clone(&references), base, None);
        let mut out = Vec::new();
        rewriter.push(html, &mut out).unwrap();
        rewriter.finish(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{html}");
    }
}

// spec: MAIL-CID
#[test]
fn references_are_removed_and_all_else_stays_character_for_character() {
    for (html, expected) in [
        ("<video  src=cid:gone@x.jp  poster='cid:gone@x.jp' controls>", "<video controls>"),
        ("<audio src='cid:gone@x.jp'></audio>", "<audio></audio>"),
        ("<source srcset=\"cid:gone@x.jp 2x\" src=cid:gone@x.jp>", "<source>"),
        ("<source srcset=\"cid:gone@x.jp 2x, https://x/b.png 3x\">", "<source srcset=\" https://x/b.png 3x\">"),
        ("<source srcset=\"https://x/b.png, cid:gone@x.jp 2x\">", "<source srcset=\"https://x/b.png, \">"),
        ("<embed src=cid:gone@x.jp>", "<embed>"),
        ("<input type=image src=cid:gone@x.jp alt=x>", "<input type=image alt=x>"),
        ("<input type=&#105;mage src=cid:gone@x.jp>", "<input type=&#105;mage>"),
        ("<input type=text src=cid:gone@x.jp>", "<input type=text src=cid:gone@x.jp>"),
        ("<object  data='cid:gone@x.jp' type=x/y>", "<object type=x/y>"),
        ("<td background=\"cid:gone@x.jp\"width=5>", "<td width=5>"),
        ("<body bgcolor=#fff background=cid:gone@x.jp>", "<body bgcolor=#fff>"),
        ("<a class=b href=\"cid:gone@x.jp\" id=c>x</a>", "<a class=b id=c>x</a>"),
        ("<a href=\"cid:gone@x.jp\"/>", "<a/>"),
        ("<v:fill type=\"tile\" src=\"cid:gone@x.jp\" color=\"#fff\"/>", "<v:fill type=\"tile\" color=\"#fff\"/>"),
        ("<V:ImageData SRC=\"cid:gone@x.jp\" o:title=\"\"/>", "<V:ImageData o:title=\"\"/>"),
        ("<p style=\"color:red;background:url(cid:gone@x.jp) 0 0\">", "<p style=\"color:red;background:none 0 0\">"),
        ("<p style='background:url(\"cid:gone@x.jp\")'>", "<p style='background:none'>"),
        (
            "<p style=\"a:&quot;b&quot;;c:url(&quot;cid:gone@x.jp&quot;);d:&#x65;\">",
            "<p style=\"a:&quot;b&quot;;c:none;d:&#x65;\">",
        ),
        ("<p style=\"c:&#117;rl&#40;cid&colon;gone@x.jp&#41;;d\">", "<p style=\"c:none;d\">"),
        ("<p style='c:url(\\63 id:gone\\40x.jp)'>", "<p style='c:none'>"),
        ("<p style=c:url(cid:gone@x.jp)>", "<p style=c:none>"),
        ("<style>a{b:url(cid:gone@x.jp)}</style>", "<style>a{b:none}</style>"),
        (
            "<style><!-- a{b:url( 'cid:gone@x.jp' ) , url(cid:here)} --></style>",
            "<style><!-- a{b:none , url(cid:here)} --></style>",
        ),
        ("<STYLE>a{b:u\\72 l(cid:gone@x.jp)}</STYLE >", "<STYLE>a{b:none}</STYLE >"),
        ("<style>a{b:'</style><img src=cid:gone@x.jp alt=x>", "<style>a{b:'</style>x"),
        ("<noscript><img src=cid:gone@x.jp alt=x></noscript>", "<noscript>x</noscript>"),
        ("<image xlink:href='cid:gone@x.jp'/>", "<image/>"),
    ] {
        assert_eq!(rewritten(html), expected, "{html}");
    }
}

// spec: MAIL-CID (readers differ in what is markup; what any of them sees is gone)
#[test]
fn references_are_removed_in_every_reading() {
    const GONE: &str = "<a href=cid:gone@x.jp>";
    const STAYS: &str = "<a>";
    for html in [
        // In foreign elements no element holds text alone, and `<![CDATA[` begins some.
        "<svg><style>{}</style></svg>",
        "<math><xmp><style><title>{}</title></style></xmp></math>",
        "<svg/><title>{}</title>",
        "<svg><foreignObject><style><b></style>{}",
        "<svg><script>{}</script>",
        "<svg><textarea>{}</textarea>",
        "<svg><![CDATA[<a title=']]>{}'>",
        "<![CDATA[<p title='>{}'>]]>",
        // The tree builder drops start tags here.
        "<select><style></select>{}",
        "<template><col><title></template>{}",
        "<frameset><style>{}",
        // Readers that know no frames, and such as have scripts, or have none.
        "<noscript>{}</noscript>",
        "<noscript><style></noscript>{}",
        "<noscript><p title='</noscript>{}'>",
        "<iframe>{}</iframe>",
        "<iframe><p title='</iframe>{}'>",
        "<noembed>{}</noembed><noframes>{}</noframes><xmp>{}</xmp>",
        "<noframes><style></noframes>{}",
        "<plaintext>{}",
        "<plaintext></plaintext>{}",
        // XHTML.
        "<title/>{}</title>",
        "<script src=x />{}",
        // Where comments end.
        "<!-->{}-->",
        "<!--><p title='-->{}'>",
        "<!--->{}",
        "<!-- --!><p title='-->{}'>",
        "<!-- --!>{}-->",
        "<!-- -- >{}-->",
        "<!--[if a>b]>{}<![endif]-->",
        "<!--[if mso]><p title='-->{}'>",
        "<!-- [if mso]>{}<![endif]-->",
        "<!--[if mso]><noscript><style></noscript>{}<![endif]-->",
        // Where scripts end.
        "<script><!--<script></script><p title='</script>{}'>",
        "<script><!--<script></script>{}--></script>",
        // Names with NUL in them.
        "<a\0>{}",
        "<style\0>{}</style>",
        "<xm\0p>{}</xmp>",
        "<style></sty\0le>{}",
        "<p\0><style></s\0tyle>{}",
    ] {
        let expected = html.replace("{}", STAYS);
        assert_eq!(rewritten(&html.replace("{}", GONE)), expected, "{html}");
        assert_eq!(rewritten(&expected), expected, "{html}");
    }
    for (html, expected) in [
        ("<a hr\0ef=cid:gone@x.jp>", "<a>"),
        ("<im\0g src=ci\0d:gone@x.jp alt=x>", "x"),
        // Cut by the document's end.
        ("<a href='cid:gone@x.jp", "<a"),
        ("<a id=1 href=cid:gone@x.jp", "<a id=1"),
        ("<img src=cid:gone@x.jp", "<img"),
        // A style sheet that is text in markup.
        ("<svg><style>a{b:u&#114;l(&#x63;id:gone@x.jp)}</style>", "<svg><style>a{b:none}</style>"),
        ("<svg><style>a{b:u<!-- x -->rl(cid:gone@x.jp)}</style>", "<svg><style>a{b:none}</style>"),
        ("<svg><style>a{b:u<g>x</g>rl(cid:gone@x.jp)}</style>", "<svg><style>a{b:none}</style>"),
        ("<svg><style>a{b:u<g>r</g>l(cid:gone@x.jp)}</style>", "<svg><style>a{b:none}</style>"),
        ("<svg><style>a{b:url(c<![CDATA[id:gone@x.jp)]]>}</style>", "<svg><style>a{b:none]]>}</style>"),
        ("<svg><style>'<![CDATA['a{b:url(cid:gone@x.jp)}]]>", "<svg><style>'<![CDATA['a{b:none}]]>"),
        ("<svg><style>a{b:url(cid:gone@x.jp)}</style>", "<svg><style>a{b:none}</style>"),
        ("<svg><style>a{b:url(cid:gone@x.jp", "<svg><style>a{b:none"),
        // A document in an attribute.
        (
            "<iframe srcdoc=\"&lt;p&gt;&amp;amp;&lt;img src=&quot;cid:gone@x.jp&quot;&gt;\">",
            "<iframe srcdoc=\"&lt;p&gt;&amp;amp;図&amp;lt;1&amp;gt;.png\">",
        ),
        ("<iframe srcdoc='<td id=1 background=cid:gone@x.jp>x'>", "<iframe srcdoc='<td id=1>x'>"),
        (
            "<iframe srcdoc='<iframe srcdoc=\"<b style=&amp;quot;c:url(cid:gone@x.jp)&amp;quot;>\">'>",
            "<iframe srcdoc='<iframe srcdoc=\"<b style=&amp;quot;c:none&amp;quot;>\">'>",
        ),
        // Strings that are URLs.
        ("<style>@import 'cid:gone@x.jp' print;</style>", "<style>@import '' print;</style>"),
        ("<p style=\"b:image-set('cid:gone@x.jp' 1x,'y' 2x)\">", "<p style=\"b:image-set('' 1x,'y' 2x)\">"),
    ] {
        assert_eq!(rewritten(html), expected, "{html}");
    }
}

#[test]
fn what_can_be_read_in_endless_ways_is_an_error() {
    let too_deep = (0..6).fold(String::new(), |inner, _| {
        let inner = inner.replace('&', "&amp;").replace('"', "&quot;");
        format!("<iframe srcdoc=\"{inner}\">")
    });
    let branching: String = (0..99).map(|at| format!("<style><a t{at}='</style>")).collect();
    for html in [too_deep, format!("<svg>{branching}")] {
        let mut rewriter = Rewriter::new(references(), None);
        let mut out = Vec::new();
        assert!(rewriter.push(&html, &mut out).and_then(|()| rewriter.finish(&mut out)).is_err(), "{html}");
    }
}

// spec: MAIL-CID (found by fuzzing)
#[test]
fn what_is_taken_out_ends_nothing_and_hides_no_end() {
    // The tag holds the end of the comment that it stands in, of an attribute, of a CDATA section: what follows would be
    // in there, and the second image with it.
    for held in [
        "<!--[if mso]><img src=cid:gone@x.jp alt-->a<!-- --!><img src=cid:gone@x.jp> -->",
        "<!--[if mso]><img src=cid:gone@x.jp alt='-->a'>b",
        "<!--[if mso]><a href='cid:gone@x.jp#-->'>b",
        "<!--[if mso]><p style='a:url(cid:gone@x.jp#-->)'>b",
        "<!--[if mso]><img src=cid:gone@x.jp alt='--!>'>b",
        "<!--[if mso]><img src=cid:gone@x.jp alt='-- >'>b",
        "<!--[if mso]><a href='cid:gone@x.jp#-->",
        "<![CDATA[><img src=cid:gone@x.jp alt=']]>'>b",
        "<!-- --!><p title=\"<!-- --><img src=cid:gone@x.jp alt=\">",
        "<svg><style>a{b:url('cid:gone@x.jp#<!--')}</style><img src=cid:gone@x.jp>-->",
        // Without the reference it would be an end.
        "<!--[if mso]><v:fill -- src=cid:gone@x.jp>b",
        "<![CDATA[><v:fill ]] src=cid:gone@x.jp>b",
    ] {
        for cuts in [vec![], (1..held.len()).collect()] {
            let mut rewriter = Rewriter::new(references(), None);
            let (mut out, mut from) = (Vec::new(), 0);
            let mut result = Ok(());
            for cut in cuts.iter().copied().chain([held.len()]) {
                result = result.and_then(|()| rewriter.push(&held[from..cut], &mut out));
                from = cut;
            }
            assert!(result.and_then(|()| rewriter.finish(&mut out)).is_err(), "{held}");
        }
    }
    // What stands instead of an image makes no end together with what it stands between.
    for (html, expected) in [
        ("<!--[if mso]><img src=cid:gone@x.jp alt='--'>>b-->", "<!--[if mso]>&#45;&#45;>b-->"),
        ("<!--[if mso]>-<img src=cid:gone@x.jp alt='- '>>b-->", "<!--[if mso]>-&#45; >b-->"),
        ("<!--[if mso]>--<img src=cid:gone@x.jp alt='!'>>b-->", "<!--[if mso]>--&#33;>b-->"),
        ("<![CDATA[>]<img src=cid:gone@x.jp alt=']'>>b", "<![CDATA[>]&#93;>b"),
        // Ends that are none to anybody.
        ("<img src=cid:gone@x.jp alt='-->'><p title='-->' background=cid:gone@x.jp>", "&#45;&#45;&gt;<p title='-->'>"),
        ("<!--[if mso]><img src=cid:gone@x.jp alt='a-b!c'><![endif]-->", "<!--[if mso]>a-b!c<![endif]-->"),
        ("<noscript><img src=cid:gone@x.jp alt='-->'></noscript>", "<noscript>&#45;&#45;&gt;</noscript>"),
    ] {
        assert_eq!(rewritten(html), expected, "{html}");
        assert_eq!(rewritten(expected), expected, "{html}");
    }
}

// spec: MAIL-CID (what Outlook reads is HTML)
#[test]
fn conditional_comments_are_html() {
    for (html, expected) in [
        ("<!--[if gte mso 9]><v:fill src=\"cid:gone@x.jp\"/><![endif]-->", "<!--[if gte mso 9]><v:fill/><![endif]-->"),
        (
            "<!--[if mso]><style>a{b:url(cid:gone@x.jp)}</style><![endif]-->",
            "<!--[if mso]><style>a{b:none}</style><![endif]-->",
        ),
        ("<!--[IF !mso]><!--><img src=cid:gone@x.jp alt=x><!--<![endif]-->", "<!--[IF !mso]><!-->x<!--<![endif]-->"),
        (
            "<!--[if !mso]><!-- --><img src=cid:gone@x.jp alt=x><!-- <![endif]-->",
            "<!--[if !mso]><!-- -->x<!-- <![endif]-->",
        ),
        ("<![if !mso]><img src=cid:gone@x.jp alt=x><![endif]>", "<![if !mso]>x<![endif]>"),
        ("<!-- [if mso]><img src=cid:gone@x.jp alt=x><![endif]-->", "<!-- [if mso]>x<![endif]-->"),
        ("<!--[if mso]><img src=cid:gone@x.jp alt=x", "<!--[if mso]><img alt=x"),
        (
            "<!--[if mso]><td background=cid:gone@x.jp><![endif]--><td background=cid:gone@x.jp>",
            "<!--[if mso]><td><![endif]--><td>",
        ),
        ("<!--[if mso]>a--b - <img src=cid:gone@x.jp alt=x>--!>", "<!--[if mso]>a--b - x--!>"),
        (
            "<!--[if mso]><!--[if mso]><img src=cid:gone@x.jp alt=x><![endif]-->",
            "<!--[if mso]><!--[if mso]>x<![endif]-->",
        ),
    ] {
        assert_eq!(rewritten(html), expected, "{html}");
    }
}

// spec: MAIL-CID
#[test]
fn what_is_no_reference_to_a_removed_part_stays() {
    for html in [
        "<img src=\"cid:elsewhere@x.jp\" alt=x><img src=cid:GONE@x.jp><img src='https://x.jp/a.png'>",
        "<!-- <img src=cid:gone@x.jp> --><!--[iffy]><img src=cid:gone@x.jp>--><!--if]><img src=cid:gone@x.jp>-->",
        "<!--><img src=cid:here><!---><img src=cid:here>-->",
        "<script>var a = '<img src=cid:gone@x.jp>';</script>",
        "<textarea><img src=cid:gone@x.jp></textarea><title><img src=cid:gone@x.jp></title>",
        "<p title=\"cid:gone@x.jp\" data-src=\"cid:gone@x.jp\">cid:gone@x.jp</p>",
        "<p data=cid:gone@x.jp src=cid:gone@x.jp><iframe src=cid:gone@x.jp></iframe>",
        "<p style=\"content:'url(cid:gone@x.jp)'\">",
        "<style>/* url(cid:gone@x.jp) */ a{content:\"url(cid:gone@x.jp)\"}</style>",
        "<a href=\"cid\">1 < 2 <3 </ x></><?php cid:gone@x.jp ?><!doctype html></p x=y>",
        "<",
        "</",
        "<!",
        "<!-",
        "<!--",
        "<style>a{b:url(",
        "<style>a</sty",
        "&lt;img src=cid:gone@x.jp&gt;",
        "<!-- --- -- - --! -->x<!---->y<!----->z",
        "",
    ] {
        assert_eq!(rewritten(html), html);
    }
}

// spec: MAIL-NOTICE
#[test]
fn the_notice_at_the_end_stands_before_the_last_body_tag_that_counts() {
    for (html, expected) in [
        ("", "{N}"),
        ("text", "text{N}"),
        ("<body>a</body></html>\r\n", "<body>a{N}</body></html>\r\n"),
        ("<body>a</body>b</BODY >\n", "<body>a</body>b{N}</BODY >\n"),
        ("<html>a</html>", "<html>a{N}</html>"),
        ("<html>a</html><body>b</body>", "<html>a</html><body>b{N}</body>"),
        ("a</body><!-- </body> -->", "a{N}</body><!-- </body> -->"),
        ("a<!-- </body> -->b", "a<!-- </body> -->b{N}"),
        ("a<script>'</body>'</script>b", "a<script>'</body>'</script>b{N}"),
        ("a<!--[if mso]></body><![endif]-->b", "a<!--[if mso]></body><![endif]-->b{N}"),
        ("a<!--[if !mso]><!--></body><!--<![endif]-->b", "a<!--[if !mso]><!--></body><!--<![endif]-->b{N}"),
        ("a<p title='</body>'>b</p>", "a<p title='</body>'>b</p>{N}"),
        // What is open would hide it.
        ("a<!-- b", "a<!-- b-->{N}"),
        ("a<style>b{", "a<style>b{</style>{N}"),
        ("a<textarea>b", "a<textarea>b</textarea>{N}"),
        ("a<!--[if mso]>b<p", "a<!--[if mso]>b<p<![endif]-->{N}"),
        ("a<!--[if !mso]><!-->b", "a<!--[if !mso]><!-->b<!--<![endif]-->{N}"),
        ("a<p title='b", "a{N}<p title='b"),
        ("a<noscript>b", "a<noscript>b</noscript>{N}"),
        ("a<svg><style>b", "{N}a<svg><style>b"),
        ("a<plaintext>b</body>", "a{N}<plaintext>b</body>"),
        ("a<", "a{N}<"),
        ("a</body><!-- b", "a{N}</body><!-- b"),
        ("a</body><p title='b", "a{N}</body><p title='b"),
    ] {
        assert_eq!(rewritten_with(html, Some(End)), expected.replace("{N}", NOTICE), "{html}");
    }
}

// spec: MAIL-NOTICE
#[test]
fn nothing_that_was_left_open_hides_the_notice_at_the_end() {
    for (html, expected) in [
        ("<div style='display:none'>a<p>b", "<div style='display:none'>a<p>b</p></div>{N}"),
        ("<body><div class=pre>a<body>b</body>", "<body><div class=pre>a<body>b</div>{N}</body>"),
        ("<meter>a<rp>b", "<meter>a<rp>b</rp></meter>{N}"),
        ("<rb hidden>a<rtc>b", "<rb hidden>a<rtc>b</rtc></rb>{N}"),
        ("<title>a", "<title>a</title>{N}"),
        ("<textarea>a</body>", "<textarea>a</body></textarea>{N}"),
        ("<span hidden><!-- a", "<span hidden><!-- a--></span>{N}"),
        // An end tag that the tree builder passes over closes nothing.
        ("<div hidden><table><td></div></table>a", "<div hidden><table><td></div></table>a</div>{N}"),
        ("<span hidden><p></span>a", "<span hidden><p></span>a</p></span>{N}"),
        (
            "<form style='display:none'><input><div>x</form><p>a",
            "<form style='display:none'><input><div>x</form><p>a</p></div>{N}",
        ),
        ("<form hidden><div id=a>x</form><p>a", "<form hidden><div id=a>x</form><p>a</p></div>{N}"),
        ("<form hidden><table><tr><td></form>x</table>y", "{N}<form hidden><table><tr><td></form>x</table>y"),
        ("<b hidden><table><td></b></table>a", "<b hidden><table><td></b></table>a</b>{N}"),
        // It comes back after its paragraph.
        ("<p><font style='display:none'>a</p>b", "<p><font style='display:none'>a</p>b</font>{N}"),
        // What is closed, or hides nothing, stays as it is.
        ("<div hidden>a</div><p class=x>b", "<div hidden>a</div><p class=x>b{N}"),
        ("<ul><li>a<li>b</ul><center><b>c", "<ul><li>a<li>b</ul><center><b>c{N}"),
        (
            "<table class=a><tr><td>b<td>c<tr><td>d</table></body>",
            "<table class=a><tr><td>b<td>c<tr><td>d</table>{N}</body>",
        ),
        ("<div hidden><span></div>a", "<div hidden><span></div>a{N}"),
        // Frames show nothing beside them; a text before them makes them none.
        ("<head></head><frameset><frame src=a></frameset>", "<head></head>{N}<frameset><frame src=a></frameset>"),
        ("<body>a<frameset>b</body>", "<body>{N}a<frameset>b</body>"),
        ("&#32;<frameset><frame></frameset>", "{N}&#32;<frameset><frame></frameset>"),
        ("<template><body>x</template><frameset>", "{N}<template><body>x</template><frameset>"),
        // A root that hides all of it.
        ("<body bgcolor=a style='display: none' id=b>c", "<body bgcolor=a  id=b>c{N}"),
        ("<html hidden><body style=\"VISIBILITY:/**/hidden\">c", "<html ><body >c{N}"),
        ("<body style='opacity:0.9;display:block'>c", "<body style='opacity:0.9;display:block'>c{N}"),
    ] {
        assert_eq!(rewritten_with(html, Some(End)), expected.replace("{N}", NOTICE), "{html}");
    }
    // Without a notice nothing of it is touched.
    assert_eq!(rewritten("<body style='display:none'><div hidden>a"), "<body style='display:none'><div hidden>a");
}

// spec: MAIL-NOTICE (that it is seen goes before where it stands)
#[test]
fn where_it_is_not_certain_what_is_open_at_the_end_the_notice_goes_to_the_top() {
    let many = "<b hidden>".to_owned() + &"<div>".repeat(12) + "</b>x";
    let deep = "<div id=a>".repeat(500);
    for body in [
        "<table><font hidden><tr><td>a</td></tr></table>b",
        "<table><tr><i style='display:none'><td>x</table>y",
        "<table><tr><td>a</td></tr><b hidden></table><p>Dear",
        "<select><b hidden><option>a</select>b",
        "<svg><![CDATA[ </svg> a",
        "<svg><title><div hidden>a</title>",
        "<svg><desc><b hidden>a</desc></svg>b",
        "<di\0v hidden>x",
        "<p>&#10;</p><frameset><frame></frameset>",
        "<template>a</body>",
        "<noscript><!-- </noscript><div hidden> --></noscript>a",
        &many,
        &deep,
    ] {
        assert_eq!(rewritten_with(body, Some(End)), format!("{NOTICE}{body}"), "{body}");
        let html = format!("<html><head><title>t</title></head><body class=a>{body}");
        let expected = html.replace("class=a>", &format!("class=a>{NOTICE}"));
        assert_eq!(in_pieces(&html, Some(End), &[]), expected, "{body}");
    }
    // Cut in the end tag of an element that holds text.
    for body in ["<textarea>x</textarea\n", "<title>x</title\n", "<xmp>x</xmp /", "<textarea>x</textarea a='"] {
        assert_eq!(rewritten_with(&format!("a{body}"), Some(End)), format!("{NOTICE}a{body}"), "{body}");
    }
}

// spec: MAIL-NOTICE (found by fuzzing: two style sheets that began apart were one reading or two, by how the document came)
#[test]
fn what_is_closed_does_not_hang_on_how_the_document_comes() {
    let html = "<script><!--<script></script>'<?body>'xtarea><p></textarea><noscript><style><ipt><style></noscript><a><style></noccript><a hrxmp><plaintext\u{2}";
    let with = rewritten_with(html, Some(End));
    assert_eq!(with, format!("{html}</script></style>{NOTICE}"));
}

// spec: MAIL-NOTICE
#[test]
fn where_it_is_not_certain_that_a_body_begins_the_notice_stands_before_everything() {
    for html in [
        "<html><head><template><p></head><body>a",
        "<!--[if !mso]><!--><div style='max-height:0;overflow:hidden'>pre<!--<![endif]--><p>x",
        "<![if !mso]><div hidden>a<![endif]>b",
        "<![if !mso]><div hidden>a",
        "<html><he\0ad><body>a",
        "<head><style>x</style \n",
        "<script>x</script\n",
        "<head><noscript><meta a='</noscript><div hidden>'></noscript></head><body>a",
    ] {
        for position in [Top, End] {
            let rewritten = rewritten_with(html, Some(position));
            if position == Top {
                assert_eq!(rewritten, format!("{NOTICE}{html}"), "{html}");
            }
            assert_eq!(rewritten.matches(NOTICE).count(), 1, "{html}");
        }
    }
}

// spec: MAIL-NOTICE (HTML, 13.2.5.15 to 13.2.5.31)
#[test]
fn a_script_written_by_a_script_ends_nothing() {
    let classic = "<script><!--\ndocument.write('<script src=\"a.js\"></script>');\n//--></script></head><body>";
    let html = format!("<html><head>{classic}Dear");
    assert_eq!(rewritten_with(&html, Some(Top)), html.replace("Dear", &format!("{NOTICE}Dear")));
    let html = "<script><!-- <script>x</script> --></script><p>hi";
    assert_eq!(rewritten_with(html, Some(Top)), html.replace("<p>", &format!("{NOTICE}<p>")));
    // Older readers may be in it still.
    assert_eq!(rewritten_with(html, Some(End)), format!("{html}</script>{NOTICE}"));
    let html = "<script><!-- <script> --></script><p>hi";
    assert_eq!(rewritten_with(html, Some(Top)), html.replace("<p>", &format!("{NOTICE}<p>")));
}

// spec: MAIL-NOTICE
#[test]
fn what_hides_all_of_the_body_is_taken_off() {
    for (html, expected) in [
        ("<body style='color:red;opacity:.0;margin:0' inert>a", "<body style='color:red;margin:0' >a"),
        (
            "<html popover style='clip-path:inset(100%)'><body style='position:absolute;left:-9999px'>a",
            "<html  ><body >a",
        ),
        ("<body><template shadowrootmode=open>b</template>a", "<body><template >b</template>a"),
        (
            "<body style='tab-interval:36.0pt;word-wrap:break-word'>a",
            "<body style='tab-interval:36.0pt;word-wrap:break-word'>a",
        ),
    ] {
        for position in [Top, End] {
            assert_eq!(rewritten_with(html, Some(position)).replace(NOTICE, ""), expected, "{html}");
        }
    }
}

// spec: MAIL-NOTICE
#[test]
fn a_body_that_ends_too_often_has_the_notice_at_the_top() {
    for end in ["</body>", "</html>", "</body></html>"] {
        for (times, is_top) in [(1000, false), (2500, true), (50_000, true)] {
            let html = format!("<html><body><p>a</p>{}", end.repeat(times));
            let out = in_pieces(&html, Some(End), &[]);
            assert_eq!(out.matches(NOTICE).count(), 1);
            assert_eq!(out.starts_with(&format!("<html><body>{NOTICE}<p>a")), is_top, "{times} times {end}");
            assert_eq!(out.replace(NOTICE, ""), html);
            assert_eq!(in_pieces(&html, None, &[]), html);
        }
    }
}

// spec: MAIL-AMBIGUOUS (what is looked at can be rewritten)
#[test]
fn what_is_too_long_is_so_wherever_it_is_cut() {
    for (open, close) in [("<!", ">"), ("<svg><style>/*", "*/</style></svg>")] {
        let mut outcomes = [0, 0];
        for more in [0, 30_000, 63_000, 70_000, 200_000] {
            let html = format!("<p>a</p>{open}{}{close}<p>b</p>", "x".repeat((1 << 20) + more));
            let in_steps = |step: usize| {
                let mut rewriter = Rewriter::new(references(), None);
                let mut out = Vec::new();
                let mut pieces = html.as_bytes().chunks(step).map(|piece| std::str::from_utf8(piece).unwrap());
                let is_ok = pieces.all(|piece| rewriter.push(piece, &mut out).is_ok());
                is_ok && rewriter.finish(&mut out).is_ok()
            };
            let whole = in_steps(html.len());
            outcomes[usize::from(whole)] += 1;
            for step in [1000, 4096, 50_000, 65_536, 100_000, 1 << 20] {
                assert_eq!(in_steps(step), whole, "{open} {more} in steps of {step}");
            }
        }
        assert!(outcomes[0] > 0, "{open}");
    }
}

#[test]
fn what_never_ends_waits_in_bounds() {
    for element in ["<div id=a>", "<p><font size=1></p>", "<p>text</p>"] {
        for position in [Top, End] {
            let mut rewriter = Rewriter::new(references(), Some(Insertion { position, html: NOTICE.to_owned() }));
            let (mut out, piece) = (Vec::new(), element.repeat(10_000));
            let pushed: usize = (0..40).map(|_| rewriter.push(&piece, &mut out).map(|()| piece.len()).unwrap()).sum();
            assert!(out.len() + (3 << 20) > pushed, "{element}: {} of {pushed}", out.len());
            rewriter.finish(&mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap().matches(NOTICE).count(), 1);
        }
    }
}

// spec: MAIL-NOTICE
#[test]
fn the_notice_at_the_top_stands_where_the_body_begins() {
    for (html, expected) in [
        ("", "{N}"),
        ("text", "{N}text"),
        (" \r\ntext", " \r\n{N}text"),
        ("<p>text", "{N}<p>text"),
        (
            "<!doctype html><html><head><title>t</title><style>s</style></head><body class='a>b'>x",
            "<!doctype html><html><head><title>t</title><style>s</style></head><body class='a>b'>{N}x",
        ),
        ("<html><head><meta a=b><link></head>x", "<html><head><meta a=b><link></head>{N}x"),
        (
            "<html><head><noscript><style>s</style></noscript></head><body>x",
            "<html><head><noscript><style>s</style></noscript></head><body>{N}x",
        ),
        ("<!-- <body> --><body>x", "<!-- <body> --><body>{N}x"),
        ("<!--[if mso]><body><p><![endif]--><p>x", "<!--[if mso]><body><p><![endif]-->{N}<p>x"),
        ("<!--[if !mso]><!--><body><!--<![endif]-->x", "<!--[if !mso]><!--><body><!--<![endif]-->{N}x"),
        ("<!--[if !mso]><!-- --><body><!--<![endif]-->x", "<!--[if !mso]><!-- --><body><!--<![endif]-->{N}x"),
        ("<!-- a --!>x", "<!-- a --!>{N}x"),
        ("<!--[if mso]>a<![endif]--!>x", "<!--[if mso]>a<![endif]--!>{N}x"),
        ("<![if !mso]><p>a<![endif]>x", "<![if !mso]><p>a<![endif]>{N}x"),
        ("<img src=cid:gone@x.jp alt=x>y", "{N}xy"),
        ("<body></body>", "<body>{N}</body>"),
        ("</body>", "{N}</body>"),
        ("<head><title>t", "{N}<head><title>t"),
        ("&nbsp;<p>", "{N}&nbsp;<p>"),
        // Where it would not be seen it waits.
        ("<head><template>a<body>b</template></head><body>c", "{N}<head><template>a<body>b</template></head><body>c"),
        ("<head><noscript>a</noscript><p>b", "{N}<head><noscript>a</noscript><p>b"),
        ("<template><body>a", "{N}<template><body>a"),
        ("<div hidden><body>a", "{N}<div hidden><body>a"),
        ("<html><frameset><frame></frameset>", "<html>{N}<frameset><frame></frameset>"),
        ("<body style='display:none'>a", "<body >{N}a"),
    ] {
        assert_eq!(rewritten_with(html, Some(Top)), expected.replace("{N}", NOTICE), "{html}");
    }
}

#[test]
fn a_body_tag_far_before_the_end_does_not_fill_the_memory() {
    let long = "<p>x</p>".repeat(100_000);
    let html = format!("<body>a</body>{long}");
    assert!(in_pieces(&html, Some(End), &[]) == format!("{html}{NOTICE}"));
    let html = format!("<body>a</body>{long}</body></html>");
    assert!(in_pieces(&html, Some(End), &[]) == format!("<body>a</body>{long}{NOTICE}</body></html>"));
}

#[test]
fn a_tag_without_end_is_an_error_and_not_endless_memory() {
    let mut rewriter = Rewriter::new(references(), None);
    let mut out = Vec::new();
    rewriter.push("<a href='", &mut out).unwrap();
    let more = "x".repeat(1 << 20);
    assert!((0..16).any(|_| rewriter.push(&more, &mut out).is_err()));
}

/// Pieces that a tokenizer may stumble over.
fn html() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<"),
        Just(">"),
        Just("</"),
        Just("<!--"),
        Just("-->"),
        Just("--!>"),
        Just("-"),
        Just("<!"),
        Just("<?"),
        Just("<p "),
        Just("<img "),
        Just("src="),
        Just("style='"),
        Just("alt=\""),
        Just("\""),
        Just("'"),
        Just("="),
        Just(" "),
        Just("<style>"),
        Just("</style>"),
        Just("<script"),
        Just("</script>"),
        Just("<title>"),
        Just("</title"),
        Just("/"),
        Just("url("),
        Just(")"),
        Just("\\"),
        Just("/*"),
        Just("*/"),
        Just("&#"),
        Just("99;"),
        Just("id:gone@x.jp"),
        Just("cid:gone@x.jp"),
        Just("[if mso]>"),
        Just("<!--[if !mso]><!-->"),
        Just("<![endif]-->"),
        Just("<![endif]>"),
        Just("<body>"),
        Just("</body>"),
        Just("</html>"),
        Just("<head>"),
        Just("\r\n"),
        Just("日本"),
        Just("\0"),
        Just("noscript"),
        Just("<noscript>"),
        Just("</noscript>"),
        Just("<svg>"),
        Just("<xmp>"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("<a href='"),
        Just("<p title='"),
        Just("'>"),
        Just("<a href=cid:gone@x.jp>"),
        Just("srcdoc="),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn position() -> impl Strategy<Value = Option<NoticePosition>> {
    prop_oneof![Just(None), Just(Some(Top)), Just(Some(End))]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same(html in html(), notice in position(), cut in any::<prop::sample::Index>()) {
        let places: Vec<usize> = html.char_indices().map(|(at, _)| at).collect();
        let whole = in_pieces(&html, notice, &[]);
        prop_assert_eq!(&in_pieces(&html, notice, &places), &whole);
        if !places.is_empty() {
            prop_assert_eq!(&in_pieces(&html, notice, &[*cut.get(&places)]), &whole);
        }
    }

    // spec: MAIL-CID: taking one reference out brings no other one into being.
    #[test]
    fn what_was_rewritten_has_nothing_to_rewrite(html in html()) {
        let once = in_pieces(&html, None, &[]);
        prop_assert_eq!(&in_pieces(&once, None, &[]), &once, "{}", html);
    }

    // spec: MAIL-CID, MAIL-NOTICE
    #[test]
    fn without_references_nothing_changes_but_for_one_notice(html in html(), at_top in any::<bool>()) {
        let html = html.replace("gone", "here");
        prop_assert_eq!(&in_pieces(&html, None, &[]), &html);
        let with = in_pieces(&html, Some(if at_top { Top } else { End }), &[]);
        prop_assert_eq!(with.matches(NOTICE).count(), 1);
        // What had to be closed so that the notice is seen was added before it, and nothing else.
        let (before, after) = with.split_once(NOTICE).unwrap();
        let rest = before.strip_prefix(&html).or_else(|| before.strip_prefix(html.strip_suffix(after)?));
        prop_assert!(rest.is_some(), "{}", with);
    }
}
