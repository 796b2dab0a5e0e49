//! Header fields: names (RFC 2231, 2047), addresses, character sets, transfer encodings. What is read is bounded, has what
//! it must have, and does not depend on how it is cut (spec MAIL-NAMES).

use fubako_mail::{
    charset::{TextDecoder, decode_all},
    header::Header,
    names::{decode_words, file_name},
    outline::Encoding,
    transfer::Decoder,
};

use crate::{Dice, mail::decoded, mail::normalised};

const LABELS: [Option<&str>; 16] = [
    None,
    Some("us-ascii"),
    Some("utf-8"),
    Some("iso-2022-jp"),
    Some("cp50221"),
    Some("shift_jis"),
    Some("windows-31j"),
    Some("euc-jp"),
    Some("utf-7"),
    Some("utf-16"),
    Some("utf-16le"),
    Some("iso-8859-1"),
    Some("gb18030"),
    Some("big5"),
    Some("euc-kr"),
    Some("no-such-charset"),
];

pub fn check(data: &[u8]) {
    let mut dice = Dice::of(data, 4);
    fields(data, &mut dice);
    let text = String::from_utf8_lossy(data);
    let words = decode_words(&text);
    assert!(words.len() <= 4 * text.len() + 16, "{} octets out of {}", words.len(), text.len());
    if !text.contains("=?") {
        assert_eq!(words, text);
    }
    decoders(data, &mut dice);
}

fn fields(data: &[u8], dice: &mut Dice) {
    let mail = normalised(data);
    let start = dice.below(1000) as u64;
    let header = Header::parse(&mail, start);
    let mut end = start;
    for field in header.iter() {
        let range = field.range();
        assert!(end <= range.start && range.start < range.end && range.end <= start + mail.len() as u64);
        end = range.end;
        assert!(!field.name().contains(|c: char| c.is_control() || c == ' ' || c == ':'), "{:?}", field.name());
        let size = field.value().len();
        let (text, shown) = (field.text(), field.unstructured());
        assert!(!text.contains(['\r', '\n']), "{text:?}");
        // A raw octet in an encoded word is escaped before it is read.
        assert!(text.len() <= 8 * size + 64 && shown.len() <= 8 * size + 64, "{} {}", text.len(), shown.len());
        assert_eq!(shown.trim(), shown);
        let addresses = field.addresses();
        assert!(addresses.len() <= size + 1);
        for address in addresses.iter().filter(|address| address.is_sound()) {
            let (local, domain) = address.address.rsplit_once('@').expect("a sound address has both sides");
            assert!(!local.is_empty() && !domain.is_empty());
            assert!(
                !domain.contains(|c: char| c.is_control() || c.is_whitespace() || "<>,;()".contains(c)),
                "{address:?}"
            );
            assert!(!local.contains(|c: char| matches!(c, '\r' | '\n' | '\0')), "{address:?}");
        }
    }
    let all = header.iter().map(Some).chain([None]).take(6).collect::<Vec<_>>();
    for disposition in &all {
        for content_type in &all {
            let name = file_name(*disposition, *content_type);
            assert!(name.as_ref().is_none_or(|name| !name.is_empty()), "an empty name is none");
            assert_eq!(file_name(*disposition, *content_type), name);
        }
    }
}

fn decoders(data: &[u8], dice: &mut Dice) {
    let label = *dice.one(&LABELS);
    let whole = decode_all(label, data);
    let (mut decoder, mut cut) = (TextDecoder::new(label), String::new());
    dice.pieces(data).into_iter().for_each(|piece| decoder.push(piece, &mut cut));
    decoder.finish(&mut cut);
    assert_eq!(cut, whole, "how it is cut makes a difference: {label:?}");
    assert!(whole.len() <= 4 * data.len() + 16, "{} octets out of {}", whole.len(), data.len());
    for encoding in [Encoding::Identity, Encoding::Base64, Encoding::QuotedPrintable] {
        let whole = decoded(Decoder::new(encoding), [data]);
        let cut = decoded(Decoder::new(encoding), dice.pieces(data));
        assert_eq!(cut, whole, "how it is cut makes a difference: {encoding:?}");
        assert!(whole.len() <= 2 * data.len() + 2);
    }
}
