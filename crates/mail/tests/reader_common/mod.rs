//! Reading a mail whole, for the reader's tests.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::collections::BTreeMap;

use fubako_base::Code;
use fubako_mail::{
    Decision, Outline, Part, PartId, Plan,
    newline::Normalizer,
    plan::plan,
    reader::{Limits, Observer, Reader},
};

/// Everything that came of a mail.
pub struct Read {
    pub mail: Vec<u8>,
    pub outline: Outline,
    pub plan: Plan,
    pub octets: BTreeMap<PartId, Vec<u8>>,
}

#[derive(Default)]
struct Collected {
    octets: BTreeMap<PartId, Vec<u8>>,
    open: Vec<PartId>,
}

impl Observer for Collected {
    fn part_began(&mut self, id: PartId, _: &Part) {
        assert_eq!(self.octets.insert(id, Vec::new()), None);
        self.open.push(id);
    }

    fn decoded(&mut self, id: PartId, octets: &[u8]) {
        assert_eq!(self.open.last(), Some(&id));
        self.octets.get_mut(&id).unwrap().extend_from_slice(octets);
    }

    fn part_ended(&mut self, id: PartId) {
        assert_eq!(self.open.pop(), Some(id));
    }
}

pub fn normalised(octets: &[u8]) -> Vec<u8> {
    let (mut normalizer, mut mail) = (Normalizer::new(), Vec::new());
    normalizer.push(octets, &mut mail);
    mail
}

/// Reads octets (a bare LF is a line end) pushed in pieces of `step`.
pub fn read_in(octets: &[u8], limits: Limits, step: usize) -> Read {
    let mail = normalised(octets);
    let (mut reader, mut collected) = (Reader::new(limits), Collected::default());
    mail.chunks(step).for_each(|piece| reader.push_with(piece, &mut collected));
    let outline = reader.finish_with(&mut collected);
    assert_eq!(collected.open, []);
    assert_eq!(outline.size, mail.len() as u64);
    Read { plan: plan(&outline), octets: collected.octets, mail, outline }
}

/// Reads octets whole, and checks that it makes no difference how they are cut.
pub fn read(octets: impl AsRef<[u8]>) -> Read {
    let octets = octets.as_ref();
    let whole = read_in(octets, Limits::default(), usize::MAX);
    for step in [1, 2, 3, 7, 64] {
        let cut = read_in(octets, Limits::default(), step);
        assert_eq!(format!("{:?}", cut.outline), format!("{:?}", whole.outline), "steps of {step}");
        assert_eq!(cut.octets, whole.octets, "steps of {step}");
    }
    whole
}

impl Read {
    pub fn details(&self) -> Vec<&'static str> {
        self.outline.findings.iter().map(|finding| finding.detail).collect()
    }

    pub fn codes(&self) -> Vec<Code> {
        self.plan.codes()
    }

    /// Names and octets of the files.
    pub fn files(&self) -> Vec<(&str, String)> {
        self.plan.attachments.iter().map(|file| (file.name.as_str(), self.text(file.part))).collect()
    }

    /// The bodies' octets.
    pub fn bodies(&self) -> Vec<String> {
        self.plan.bodies.iter().map(|body| self.text(body.part)).collect()
    }

    pub fn text(&self, part: PartId) -> String {
        String::from_utf8_lossy(&self.octets[&part]).into_owned()
    }

    /// What stands in the mail at the part's place.
    pub fn raw(&self, part: usize) -> String {
        let range = &self.outline.parts[part].body;
        let octets = &self.mail[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
        String::from_utf8_lossy(octets).into_owned()
    }

    pub fn decision(&self) -> Decision {
        self.plan.decision
    }
}
