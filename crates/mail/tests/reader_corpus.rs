//! The reader over a folder of mails with what is expected of each, named by the environment variable `FUBAKO_TEST_CORPUS`:
//! `mails/` and `expected.jsonl`, a line a mail: `{"file", "stop", "attachments": [{"name", "size", "sha256",
//! "sha256_lf"}], "bodies": [{"type", "size"}], "sure"}`. Without the variable nothing is tested, and it says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::{collections::BTreeMap, fmt::Write as _, fs, io::Write as _, path::Path};

use aws_lc_rs::digest::{Context, SHA256};
use fubako_base::section::Settings;
use fubako_mail::{
    Decision, Outline, Part, PartId, Plan,
    newline::Normalizer,
    plan::plan_for,
    reader::{Limits, Observer, Reader},
};
use serde_json::{Value, json};

struct Digest {
    size: u64,
    all: Context,
    lf: Context,
}

#[derive(Default)]
struct Digests(BTreeMap<PartId, Digest>);

impl Observer for Digests {
    fn part_began(&mut self, id: PartId, _: &Part) {
        self.0.insert(id, Digest { size: 0, all: Context::new(&SHA256), lf: Context::new(&SHA256) });
    }

    fn decoded(&mut self, id: PartId, octets: &[u8]) {
        let digest = self.0.get_mut(&id).unwrap();
        digest.size += octets.len() as u64;
        digest.all.update(octets);
        // Enough for the corpus: no file in it has a CR that ends no line.
        octets.split(|octet| *octet == b'\r').for_each(|piece| digest.lf.update(piece));
    }
}

fn hex(context: &Context) -> String {
    context.clone().finish().as_ref().iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}

fn read(path: &Path) -> (Outline, Plan, Digests) {
    let octets = fs::read(path).unwrap();
    let (mut normalizer, mut mail) = (Normalizer::new(), Vec::new());
    normalizer.push(&octets, &mut mail);
    let (mut reader, mut digests) = (Reader::new(Limits::default()), Digests::default());
    mail.chunks(4099).for_each(|piece| reader.push_with(piece, &mut digests));
    let outline = reader.finish_with(&mut digests);
    // What is expected of a winmail.dat is the file itself.
    let plan = plan_for(&outline, &Settings { open_tnef: false, ..Settings::default() });
    (outline, plan, digests)
}

/// What is expected and what is found, made comparable; empty where they agree.
fn difference(expected: &Value, plan: &Plan, digests: &Digests) -> Vec<String> {
    let mut different = Vec::new();
    let stop = plan.decision == Decision::Stop;
    if expected["stop"] != json!(stop) {
        different.push(format!("stop: {} expected, {:?} {:?}", expected["stop"], plan.decision, plan.codes()));
    }
    let wanted = expected["attachments"].as_array().unwrap();
    let same = |wanted: &Value, id: PartId| {
        let digest = &digests.0[&id];
        wanted["sha256"] == json!(hex(&digest.all)) && wanted["size"] == json!(digest.size)
            || wanted["sha256_lf"] == json!(hex(&digest.lf))
    };
    let agree = wanted.len() == plan.attachments.len()
        && wanted.iter().zip(&plan.attachments).all(|(wanted, found)| same(wanted, found.part));
    if !agree {
        let found: Vec<_> = plan.attachments.iter().map(|a| (&a.name, digests.0[&a.part].size)).collect();
        let wanted: Vec<_> = wanted.iter().map(|a| (a["name"].as_str(), a["size"].as_u64())).collect();
        different.push(format!("attachments: {wanted:?} expected, {found:?}"));
    }
    let body =
        |body: &Value| (body["type"].as_str().unwrap_or("text/plain").to_owned(), body["size"].as_u64().unwrap());
    let wanted: Vec<_> = expected["bodies"].as_array().unwrap().iter().map(body).collect();
    let found: Vec<_> = plan.bodies.iter().map(|b| (b.media_type.to_owned(), digests.0[&b.part].size)).collect();
    if wanted != found {
        different.push(format!("bodies: {wanted:?} expected, {found:?}"));
    }
    different
}

/// Sure ones that are read otherwise, and why.
const EXPLAINED: [(&str, &str); 2] = [
    (
        "mikel_mail__spec_fixtures_emails_attachment_emails_attachment_message_rfc822_inline_image.eml",
        "a line of one blank in quoted-printable: white space at a line's end must be deleted (RFC 2045, 6.7, rule 3)",
    ),
    (
        "nodemailer_mailparser__test_fixtures_nested.eml",
        "a line of one blank in quoted-printable: white space at a line's end must be deleted (RFC 2045, 6.7, rule 3)",
    ),
];

// spec: MAIL-EXTRACT, MAIL-ACCEPT
#[test]
fn the_corpus_is_read_as_expected() {
    let Some(folder) = std::env::var_os("FUBAKO_TEST_CORPUS") else {
        // Not by `eprintln!`, which nobody sees of a test that passes.
        let _ = writeln!(std::io::stderr(), "skipped: reader_corpus: FUBAKO_TEST_CORPUS names no folder of mails");
        return;
    };
    let folder = Path::new(&folder);
    let (mut sure, mut wrong, mut unsure) = (0, Vec::new(), Vec::new());
    for line in fs::read_to_string(folder.join("expected.jsonl")).unwrap().lines() {
        let expected: Value = serde_json::from_str(line).unwrap();
        let file = expected["file"].as_str().unwrap();
        let (outline, plan, digests) = read(&folder.join("mails").join(file));
        let mut different = difference(&expected, &plan, &digests);
        let is_sure = expected["sure"] == json!(true);
        sure += usize::from(is_sure);
        if !is_sure && !different.is_empty() {
            different.push(format!("doubt: {}", expected["doubt"]));
        }
        for (wanted, found) in expected["attachments"].as_array().unwrap().iter().zip(&plan.attachments) {
            if wanted["name"].is_string() && wanted["name"] != json!(found.name) {
                eprintln!("NAME {file}: {} expected, {:?}", wanted["name"], found.name);
            }
        }
        if matches!(plan.decision, Decision::Hold | Decision::Stop) {
            let details: Vec<_> = outline.findings.iter().map(|finding| finding.detail).collect();
            eprintln!("{:?}{} {file}: {details:?}", plan.decision, if is_sure { "" } else { " (unsure)" });
        }
        if !different.is_empty() {
            let text = format!("{file}\n    {}", different.join("\n    "));
            match EXPLAINED.iter().find(|(explained, _)| *explained == file) {
                Some((_, why)) => eprintln!("{text}\n    {why}"),
                None if is_sure => wrong.push(text),
                None => unsure.push(text),
            }
        }
    }
    eprintln!("{} unsure ones differ:\n{}", unsure.len(), unsure.join("\n"));
    eprintln!("{sure} sure ones, of which {} differ", wrong.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
