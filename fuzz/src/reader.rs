//! The reader: what it understands does not depend on how the mail is cut, stays within its limits, and its places are in
//! the mail and in order (spec MAIL-ACCEPT, MAIL-EXTRACT).

use fubako_mail::{
    Outline,
    plan::plan,
    reader::{Limits, Reader},
    transfer::Decoder,
};

use crate::{
    Dice,
    mail::{Read, decoded, normalised, place, read},
};

/// Findings that are kept, and one more a code.
const MAX_FINDINGS: usize = 256 + 64;

pub fn check(data: &[u8]) {
    let mut dice = Dice::of(data, 3);
    let mail = normalised(data);
    let narrow = Limits { header: 300, field: 100, fields: 6, headers: 600, parts: 5, depth: 2 };
    let limits = if dice.below(4) == 0 { narrow } else { Limits::default() };
    let whole = read([&mail[..]], limits);
    let cut = read(dice.pieces(&mail), limits);
    assert_eq!(format!("{:?}", cut.outline), format!("{:?}", whole.outline), "how it is cut makes a difference");
    assert_eq!(cut.octets, whole.octets, "how it is cut makes a difference");
    let mut unobserved = Reader::new(limits);
    unobserved.push(&mail);
    assert_eq!(
        format!("{:?}", unobserved.finish()),
        format!("{:?}", whole.outline),
        "being observed makes a difference"
    );
    within_limits(&whole.outline, &limits);
    places(&mail, &whole);
    planned(&whole.outline);
}

fn within_limits(outline: &Outline, limits: &Limits) {
    assert!(outline.findings.len() <= MAX_FINDINGS);
    assert!(outline.parts.len() <= limits.parts, "{} parts", outline.parts.len());
    assert!(outline.header.len() <= limits.fields);
    assert!(outline.header.iter().all(|field| field.value().len() <= limits.field));
    assert!(outline.header.iter().map(|field| field.value().len()).sum::<usize>() <= limits.header);
    assert!(outline.parts.iter().all(|part| usize::from(part.depth) <= limits.depth), "deeper than allowed");
}

fn places(mail: &[u8], read: &Read) {
    let outline = &read.outline;
    assert_eq!(outline.size, mail.len() as u64);
    let header = place(mail, &outline.header_range);
    let mut end = header.start;
    for field in outline.header.iter() {
        let range = place(mail, &field.range());
        assert!(end <= range.start && range.end <= header.end, "{range:?} in {header:?}");
        end = range.end;
    }
    let mut last_leaf_end = 0;
    for (index, part) in outline.parts.iter().enumerate() {
        let body = place(mail, &part.body);
        match part.parent {
            None => assert_eq!(index, 0, "a second root"),
            Some(parent) => {
                assert!((parent.0 as usize) < index, "a part before its multipart");
                let parent = &outline.parts[parent.0 as usize];
                assert!(parent.is_multipart, "parts in a leaf");
                assert_eq!(parent.depth + 1, part.depth);
                assert!(
                    parent.body.start <= part.body.start && part.body.end <= parent.body.end,
                    "outside its multipart"
                );
            }
        }
        if !part.is_multipart {
            assert!(last_leaf_end <= body.start, "parts lie in each other");
            last_leaf_end = body.end;
            let octets = decoded(Decoder::new(part.encoding), [&mail[body]]);
            let shown = read.octets.iter().find(|(id, _)| id.0 as usize == index).map(|(_, octets)| octets);
            assert_eq!(Some(&octets), shown, "what was shown is not what is there");
        }
    }
    for finding in &outline.findings {
        assert!(finding.part.is_none_or(|part| (part.0 as usize) < outline.parts.len()));
    }
}

/// The plan is a pure function of the outline; each leaf stays, is deposited or opened; the names can be given.
fn planned(outline: &Outline) {
    let first = plan(outline);
    assert_eq!(format!("{:?}", plan(outline)), format!("{first:?}"));
    let mut planned: Vec<u32> = first.attachments.iter().map(|file| file.part.0).collect();
    planned.extend(first.bodies.iter().map(|body| body.part.0));
    // Of a part that is opened there may be several files, or none.
    planned.extend(first.opened.iter().map(|part| part.0));
    planned.sort_unstable();
    planned.dedup();
    let leaves = outline.parts.iter().enumerate().filter(|(_, part)| !part.is_multipart);
    assert_eq!(planned, leaves.map(|(index, _)| index as u32).collect::<Vec<_>>());
    let mut names = std::collections::HashSet::new();
    for (index, file) in first.attachments.iter().enumerate() {
        assert_eq!(file.number as usize, index + 1);
        assert!(!file.name.is_empty() && file.name.len() <= 255 && file.name != "." && file.name != "..");
        assert!(!file.name.contains(|c: char| c.is_control() || "/\\\u{202e}".contains(c)), "{:?}", file.name);
        assert!(names.insert(file.name.to_lowercase()), "{:?} twice", file.name);
    }
}
