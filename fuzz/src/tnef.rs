//! TNEF: what is found does not depend on how the stream is cut, lies in the stream, and comes out as long as it is said to
//! be; nested mails are mails (spec MAIL-TNEF). Each input is also read with its checksums mended, so that what stands
//! behind them is reached.

use fubako_mail::{
    reader,
    tnef::{File, Limits, Outline, Piece, Reader, SIGNATURE},
};

use crate::{Dice, assert_lines};

pub fn check(data: &[u8]) {
    let mut dice = Dice::of(data, 7);
    stream(data, &mut dice);
    let mended = mended(data);
    if mended != data {
        stream(&mended, &mut dice);
    }
}

fn stream(data: &[u8], dice: &mut Dice) {
    let narrow = Limits { body: 200, kept: 600, text: 20, attachments: 2, depth: 1 };
    let limits = *dice.one(&[Limits::default(), Limits::default(), narrow]);
    let whole = read([data], limits);
    let cut = read(dice.pieces(data), limits);
    assert_eq!(cut, whole, "how it is cut makes a difference");
    let Ok(outline) = whole else { return };
    assert_eq!(outline.size, data.len() as u64);
    assert!(outline.files.len() <= limits.attachments);
    for text in [&outline.text, &outline.html].into_iter().flatten() {
        assert!(text.len() <= limits.body, "{} octets of text", text.len());
    }
    outline.files.iter().for_each(|file| check_file(data, file, dice));
}

/// The outline, or what is wrong.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Result<Outline, &'static str> {
    let mut reader = Reader::new(limits);
    pieces.into_iter().for_each(|piece| reader.push(piece));
    let damaged = reader.is_damaged();
    let result = reader.finish();
    assert!(!damaged || result.is_err());
    result.map_err(|damaged| damaged.reason)
}

fn check_file(data: &[u8], file: &File, dice: &mut Dice) {
    let mut end = 0;
    for piece in &file.pieces {
        if let Piece::Copy(range) | Piece::Base64(range) = piece
            && range.start != range.end
        {
            assert!(end <= range.start && range.start <= range.end && range.end <= data.len() as u64, "{range:?}");
            end = range.end;
        }
    }
    let whole = extracted(file, [data]);
    assert_eq!(extracted(file, dice.pieces(data)), whole, "how it is cut makes a difference");
    assert_eq!(whole.len() as u64, file.size());
    if let [Piece::Copy(range)] = &file.pieces[..] {
        assert_eq!(whole, data[range.start as usize..range.end as usize]);
    } else {
        assert_eq!(file.media_type.as_deref(), Some("message/rfc822"));
        assert!(file.name.as_ref().is_none_or(|name| name.ends_with(".eml")), "{:?}", file.name);
        assert_lines(&whole, 998);
        let mut reader = reader::Reader::new(reader::Limits::default());
        reader.push(&whole);
        let nested = reader.finish();
        assert!(!nested.header.is_empty());
        assert!(nested.findings.iter().all(|finding| finding.part.is_some()), "{:?}", nested.findings);
    }
}

fn extracted<'a>(file: &File, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut extractor, mut out) = (file.extractor(), Vec::new());
    pieces.into_iter().for_each(|piece| extractor.push(piece, &mut out));
    assert!(extractor.finish(&mut out), "the file is not complete");
    out
}

/// The stream with right checksums, those of streams and compressed texts within it too.
fn mended(data: &[u8]) -> Vec<u8> {
    let mut out = data.to_vec();
    for at in 0..out.len().saturating_sub(16) {
        if out[at + 8..].starts_with(b"LZFu") {
            mend_rtf(&mut out[at..]);
        }
    }
    // The innermost first: what is round it counts them.
    for at in (0..out.len()).rev() {
        if out[at..].starts_with(&SIGNATURE) {
            mend_stream(&mut out[at..]);
        }
    }
    out
}

fn mend_rtf(rtf: &mut [u8]) {
    let Some(length) = (number(rtf, 0) as usize).checked_sub(12) else { return };
    let Some(contents) = rtf.get(16..).and_then(|rest| rest.get(..length)) else { return };
    let crc = contents.iter().fold(0_u32, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    rtf[12..16].copy_from_slice(&crc.to_le_bytes());
}

fn mend_stream(stream: &mut [u8]) {
    let mut at = 6;
    while at + 9 <= stream.len() {
        let (start, length) = (at + 9, number(stream, at + 5) as usize);
        let Some(data) = stream.get(start..).and_then(|rest| rest.get(..length)) else { return };
        let sum = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        let Some(place) = stream.get_mut(start + length..start + length + 2) else { return };
        place.copy_from_slice(&sum.to_le_bytes());
        at = start + length + 2;
    }
}

fn number(octets: &[u8], at: usize) -> u32 {
    octets[at..].first_chunk().map_or(0, |four| u32::from_le_bytes(*four))
}
