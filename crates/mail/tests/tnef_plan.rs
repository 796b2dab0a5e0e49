//! TNEF in a mail: opened, and planned as what it is (spec MAIL-TNEF).

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reader_common;
mod tnef_support;

use fubako_base::{Code, section::Settings};
use fubako_mail::{Decision, plan::plan_for};
use reader_common::{Read, read};
use tnef_support::{Props, Tnef};

fn mail(stream: &[u8], header: &str) -> Read {
    let coded = encodify::base64::MIME.encode(stream);
    read(format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n{header}\nContent-Transfer-Encoding: base64\n\n{coded}\n--b--\n"
    ))
}

fn unpacked(read: &Read) -> Vec<(String, Vec<u8>)> {
    let file = |file: &fubako_mail::plan::Attachment| {
        let (mut unpacker, mut out) = (file.unpacker(), Vec::new());
        let range = usize::try_from(file.body.start).unwrap()..usize::try_from(file.body.end).unwrap();
        read.mail[range].chunks(7).for_each(|piece| unpacker.push(piece, &mut out));
        unpacker.finish(&mut out).unwrap();
        (file.name.clone(), out)
    };
    read.plan.attachments.iter().map(file).collect()
}

fn stream() -> Vec<u8> {
    Tnef::mail(932).file(b"a.txt", b"first", &Props::new()).file(b"a.txt", b"second", &Props::new()).octets()
}

// spec: MAIL-TNEF, MAIL-UNNAMED
#[test]
fn the_files_in_it_are_the_attachments() {
    for header in ["Content-Type: application/ms-tnef", "Content-Type: text/plain", "Content-Type: a/b; name=x.dat"] {
        let read = mail(&stream(), header);
        assert_eq!(read.plan.decision, Decision::Deposit, "{header}");
        let expected = [("a.txt".to_owned(), b"first".to_vec()), ("a (2).txt".to_owned(), b"second".to_vec())];
        assert_eq!(unpacked(&read), expected, "{header}");
        assert_eq!(read.plan.attachments.iter().map(|file| file.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((read.plan.bodies.len(), read.plan.opened.len()), (1, 1));
    }
}

// spec: MAIL-TNEF, 3.4 (too-many-files, name-forbidden)
#[test]
fn with_more_files_than_are_opened_it_is_stopped_and_not_deposited_unopened() {
    let with = |count: u32| {
        let files = (0..count)
            .fold(Tnef::mail(932), |stream, n| stream.file(format!("{n}.exe").as_bytes(), b"MZ", &Props::new()));
        mail(&files.octets(), "Content-Type: application/ms-tnef")
    };
    let checked = |read: &Read, open_tnef: bool| {
        let rules = Settings { open_tnef, forbidden_names: vec!["*.exe".to_owned()], ..Settings::default() };
        let plan = plan_for(&read.outline, &rules).checked(&read.outline, &[], &rules);
        (plan.decision, plan.codes())
    };
    assert_eq!(checked(&with(200), true), (Decision::Stop, vec![Code::TooManyFiles, Code::NameForbidden]));
    for count in [2_001, 2_500] {
        let read = with(count);
        assert_eq!(checked(&read, true), (Decision::Stop, vec![Code::TooManyFiles]), "{count}");
        assert_eq!(checked(&read, false), (Decision::Deposit, vec![]), "the section has it deposited unopened");
    }
    // Damage that comes before there are too many is damage: it is deposited as it came.
    let mut octets = (0..2_500).fold(Tnef::mail(932), |all, _| all.file(b"a.exe", b"MZ", &Props::new())).octets();
    octets[100] ^= 1;
    assert_eq!(checked(&mail(&octets, "Content-Type: application/ms-tnef"), true), (Decision::Deposit, vec![]));
}

// spec: MAIL-TNEF
#[test]
fn damaged_or_unopened_it_is_one_file_as_it_came() {
    let mut damaged = stream();
    *damaged.last_mut().unwrap() ^= 1;
    let read = mail(&damaged, "Content-Type: application/ms-tnef");
    assert_eq!(unpacked(&read), [("winmail.dat".to_owned(), damaged)]);
    let read = mail(&stream(), "Content-Type: application/ms-tnef");
    let unopened = plan_for(&read.outline, &Settings { open_tnef: false, ..Settings::default() });
    assert_eq!((unopened.attachments.len(), unopened.opened.len()), (1, 0));
    assert!(unopened.attachments[0].packed.is_none());
    // Not the signature alone.
    let read = mail(b"\x78\x9f\x3e", "Content-Type: application/ms-tnef");
    assert_eq!(unpacked(&read), [("winmail.dat".to_owned(), b"\x78\x9f\x3e".to_vec())]);
}

// spec: MAIL-TNEF
#[test]
fn without_files_it_is_taken_out() {
    let read = mail(&Tnef::mail(932).octets(), "Content-Type: application/ms-tnef");
    assert_eq!(read.plan.decision, Decision::Relay);
    assert_eq!((read.plan.attachments.len(), read.plan.opened.len(), read.plan.bodies.len()), (0, 1, 1));
}
