//! Address list fields (RFC 5322, 3.4), written afresh: the same names, addresses, groups and comments, in one
//! canonical form that every reader reads as ours did ([`crate::header`]).

use super::field::FieldWriter;
use crate::header::{Field, Item, Mailbox, is_sound, parse_addresses};

/// The field `name` with what `fields` say, joined (RFC 5322 wants one); nothing where they name nobody.
pub(crate) fn rewritten(name: &str, fields: &[&Field]) -> Option<String> {
    let items: Vec<Item> = fields.iter().flat_map(|field| parse_addresses(&field.shown_text())).collect();
    if items.is_empty() {
        return None;
    }
    let mut field = FieldWriter::new(name);
    for (at, item) in items.iter().enumerate() {
        match item {
            Item::Mailbox(mailbox) => write(mailbox, &mut field),
            Item::Group(name, members) => {
                name_alone(name, &mut field);
                field.attach(":");
                for (at, mailbox) in members.iter().enumerate() {
                    write(mailbox, &mut field);
                    field.attach(if at + 1 < members.len() { "," } else { "" });
                }
                field.attach(";");
            }
        }
        field.attach(if at + 1 < items.len() { "," } else { "" });
    }
    Some(field.finish())
}

/// One mailbox of our own.
pub(crate) fn single(name: &str, display_name: &str, address: &str) -> String {
    let mut field = FieldWriter::new(name);
    let address: String = address.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
    let name = display_name.trim().to_owned();
    let angle = !name.is_empty();
    write(&Mailbox { name, address, angle, comments: Vec::new(), named: 0 }, &mut field);
    field.finish()
}

fn write(mailbox: &Mailbox, field: &mut FieldWriter) {
    let Mailbox { name, address, angle, comments, named } = mailbox;
    let mut comments = comments.iter();
    if !is_sound(address) {
        // Whatever it was, nobody is to take it for an address, or for two.
        name_alone(format!("{name} {address}").trim(), field);
    } else if !*angle {
        name_alone(name, field);
        if !address.is_empty() {
            field.token(address);
        }
    } else {
        if !name.is_empty() {
            field.phrase(name);
        }
        // `Yamada (Sales) <y@x>`: many readers show the comment with the name, and only where it stands there.
        comments.by_ref().take(*named).for_each(|comment| field.comment(comment));
        field.token(&format!("<{address}>"));
    }
    comments.for_each(|comment| field.comment(comment));
}

/// A name that no address in angle brackets follows; nobody is to take it for one.
fn name_alone(name: &str, field: &mut FieldWriter) {
    if name.contains('@') {
        field.encoded_words(name);
    } else if !name.is_empty() {
        field.phrase(name);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn written(value: &str) -> String {
        let items = parse_addresses(&value.replace(|c: char| c.is_ascii_control(), " "));
        let mut field = FieldWriter::new("To");
        for item in &items {
            match item {
                Item::Mailbox(mailbox) => write(mailbox, &mut field),
                Item::Group(name, members) => {
                    field.phrase(name);
                    field.attach(":");
                    members.iter().for_each(|mailbox| write(mailbox, &mut field));
                    field.attach(";");
                }
            }
            field.attach(" |");
        }
        field.finish().replace("\r\n", "")
    }

    // spec: MAIL-REBUILD
    #[test]
    fn addresses_keep_what_they_say() {
        for (value, expected) in [
            ("a@x.jp", "To: a@x.jp |"),
            ("<a@x.jp>, b@x.jp", "To: <a@x.jp> | b@x.jp |"),
            ("Taro Yamada <a@x.jp>", "To: Taro Yamada <a@x.jp> |"),
            ("Taro  Yamada <a@x.jp>", "To: \"Taro  Yamada\" <a@x.jp> |"),
            ("=?utf-8?q?a,_b?= <a@x.jp>", "To: \"a, b\" <a@x.jp> |"),
            ("=?utf-8?q?a:_b?= <a@x.jp>", "To: \"a: b\" <a@x.jp> |"),
            ("a@[IPv6:::1], b@x.jp", "To: a@[IPv6:::1] | b@x.jp |"),
            ("<<a@x.jp>>, <b@x.jp> <c@x.jp>", "To: \">\" <a@x.jp> | <b@x.jp> | <c@x.jp> |"),
            ("a@x.jp <b@x.jp>", "To: a@x.jp | <b@x.jp> |"),
            ("a@x.jp b@x.jp, c@x.jp", "To: a@x.jp | b@x.jp | c@x.jp |"),
            ("a@x.jp Taro", "To: Taro <a@x.jp> |"),
            ("a @ x.jp Taro", "To: Taro <a@x.jp> |"),
            ("A@x.jp <a@x.jp>", "To: \"A@x.jp\" <a@x.jp> |"),
            ("\"a@x.jp\", \"b@x.jp\" (c)", "To: =?UTF-8?B?YUB4Lmpw?= | =?UTF-8?B?YkB4Lmpw?= (c) |"),
            ("(c)", "To: (c) |"),
            (": a@x.jp;, :;", "To: a@x.jp |"),
            ("a@x.jp (c) <b@x.jp>", "To: a@x.jp | <b@x.jp> |"),
            ("\"Yamada, Taro\" <a@x.jp>", "To: \"Yamada, Taro\" <a@x.jp> |"),
            ("John Q. Public <a@x.jp>", "To: \"John Q. Public\" <a@x.jp> |"),
            ("\"john doe\"@x.jp", "To: \"john doe\"@x.jp |"),
            ("<\"a>b\\\"c\"@x.jp>", "To: <\"a>b\\\"c\"@x.jp> |"),
            ("a..b@docomo.ne.jp, a.@x.jp", "To: a..b@docomo.ne.jp | a.@x.jp |"),
            ("Yamada (Sales) <a@x.jp> (away)", "To: Yamada (Sales) <a@x.jp> (away) |"),
            ("Taro <a@x.jp> Jiro Y <b@x.jp>", "To: Taro <a@x.jp> | Jiro Y <b@x.jp> |"),
            ("a @ x . jp", "To: a@x.jp |"),
            ("a@x.jp (Taro (the one))", "To: a@x.jp (Taro \\(the one\\)) |"),
            ("undisclosed-recipients:;", "To: undisclosed-recipients:; |"),
            ("A group: a@x.jp;, b@x.jp", "To: A group: a@x.jp; | b@x.jp |"),
            ("\"\" <a@x.jp>", "To: <a@x.jp> |"),
            ("everyone", "To: everyone |"),
            ("Taro a@x.jp", "To: Taro <a@x.jp> |"),
            ("<@a,@b:c@d>, < e (x) @ f >", "To: <c@d> | <e@f> |"),
            ("山田 <山田@x.jp>", "To: =?UTF-8?B?5bGx55Sw?= <山田@x.jp> |"),
            ("a@x.jp,, ,b@x.jp", "To: a@x.jp | b@x.jp |"),
            ("\"never ends <a@x.jp>", "To: =?UTF-8?B?bmV2ZXIgZW5kcyA8YUB4LmpwPg==?= |"),
            ("<a@x.jp", "To: <a@x.jp> |"),
            ("\"", "To: "),
            ("[<a@x.jp>] b", "To: =?UTF-8?B?WzxhQHguanA+XSBi?= |"),
            ("a: b: c@x.jp; d@x.jp", "To: a:; | b: c@x.jp; | d@x.jp |"),
        ] {
            assert_eq!(written(value), expected, "{value}");
        }
    }

    fn value() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("a"),
            Just("@x.jp"),
            Just("<a@x.jp>"),
            Just("<b@y.jp>"),
            Just(","),
            Just(" "),
            Just("  "),
            Just(";"),
            Just(":"),
            Just("\""),
            Just("\"Q, q\""),
            Just("(c)"),
            Just("("),
            Just(")"),
            Just("<"),
            Just(">"),
            Just("=?utf-8?q?=22x,=40?="),
            Just("=?utf-8?q?<e@x.jp>,?="),
            Just("日本"),
            Just("."),
            Just("["),
            Just("]"),
            Just("\r\n "),
            Just("=?utf-8?q?=0D=0ABcc:_e?="),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

        // spec: MAIL-REBUILD: whom the field names to us, it names to the recipient.
        #[test]
        fn what_is_written_reads_as_what_was_read(value in value()) {
            let header = crate::Header::parse(format!("To: {value}\r\n").as_bytes(), 0);
            let field = header.first("To").unwrap();
            let out = rewritten("To", &[field]).unwrap_or_default();
            prop_assert!(!out.trim_end_matches("\r\n").replace("\r\n ", "").contains(['\r', '\n', '\0']));
            let said = |value: &str| -> Vec<_> {
                let header = crate::Header::parse(format!("To: {value}\r\n").as_bytes(), 0);
                let all = header.first("To").map(crate::Field::addresses).unwrap_or_default();
                let spaced = |name: String| name.split_whitespace().collect::<String>();
                let named = |a: crate::Address| (a.name.map(spaced).filter(|name| !name.is_empty()), a.address);
                all.into_iter().filter(crate::Address::is_sound).map(named).collect()
            };
            prop_assert_eq!(said(out.strip_prefix("To: ").unwrap_or_default()), said(&value), "{}", out);
        }
    }

    #[test]
    fn any_value_is_read_and_nothing_ends_the_field() {
        for value in
            ["(", ")", "((", "\"\\", "<", ">", ":", ";", ",", "a:b:c;;", "<<>>", "\u{0}\r\n a", "a\r\nBcc: x@y"]
        {
            let field = written(value);
            assert!(!field.contains(['\r', '\n', '\0']), "{value:?} {field:?}");
        }
    }
}
