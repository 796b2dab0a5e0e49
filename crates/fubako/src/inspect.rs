//! `fubako inspect`: what the gateway would do with a mail, touching nothing (spec 7).
//!
//! A mail goes past the reader in pieces of 64 KiB; its attachments are digested as they pass, so that memory does not
//! grow with the mail. A normalised copy is kept in a file without a name, and what would leave is written from it, whether anybody wants
//! to see it or not: only so is it known that it can be.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    ops::Range,
    path::{Component, Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use fubako_base::{Code, Timestamp, hex, ids::MailId, secret::FilePassword, section::Settings};
use fubako_gateway::preview;
use fubako_mail::{
    Decision, Outline, PartId, Plan, Step,
    newline::Normalizer,
    plan,
    reader::{Limits, Observer, Reader},
    steps::RewriteError,
    tnef::Extractor,
};
use serde::Serialize;

/// Octets read at once.
const PIECE: usize = 64 * 1024;

/// What is asked.
pub struct Inspection {
    /// The section's settings, for `rewrite`.
    pub settings: Settings,
    /// `brand.name`.
    pub brand: String,
    /// Our host name.
    pub hostname: String,
    /// Where mails are written as they would be relayed.
    pub rewrite: Option<PathBuf>,
}

/// A line of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The path as given, or relative to the folder given.
    pub file: String,
    /// `relay`, `deposit`, `stop` or `hold`.
    pub decision: &'static str,
    /// The problems' codes.
    pub codes: Vec<&'static str>,
    /// What is, or would have been, taken off.
    pub attachments: Vec<FileReport>,
    /// What stays.
    pub bodies: Vec<BodyReport>,
    /// What exactly was found, for people; not in the JSON, which is a stable interface.
    #[serde(skip)]
    pub details: Vec<&'static str>,
}

/// An attachment.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// The name under which it is deposited.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    /// Decoded octets.
    pub size: u64,
    /// SHA-256 of them in lower-case hex.
    pub sha256: String,
}

/// A body.
#[derive(Debug, Clone, Serialize)]
pub struct BodyReport {
    /// `text/plain` or `text/html`.
    pub media_type: &'static str,
    /// The declared charset.
    pub charset: Option<String>,
    /// Decoded octets.
    pub size: u64,
}

/// Sizes and digests of the parts as they pass.
#[derive(Default)]
struct Digests(BTreeMap<PartId, (u64, Option<Context>)>);

impl Observer for Digests {
    fn decoded(&mut self, part: PartId, decoded: &[u8]) {
        let (size, digest) = self.0.entry(part).or_default();
        *size += decoded.len() as u64;
        digest.get_or_insert_with(|| Context::new(&SHA256)).update(decoded);
    }
}

impl Digests {
    fn size(&self, part: PartId) -> u64 {
        self.0.get(&part).map_or(0, |(size, _)| *size)
    }

    fn sha256(&mut self, part: PartId) -> String {
        let digest = self.0.remove(&part).and_then(|(_, digest)| digest);
        hex::encode(digest.unwrap_or_else(|| Context::new(&SHA256)).finish().as_ref())
    }
}

/// Looks at every mail under `paths`, in order, and gives each report to `each`.
///
/// # Errors
/// The last path that cannot be read, after all others were looked at. Before anything is looked at: a folder that cannot be
/// read, and rewritten mails that would overwrite each other or a mail that is looked at.
pub fn run(
    paths: &[PathBuf],
    inspection: &Inspection,
    mut each: impl FnMut(&Report) -> io::Result<()>,
) -> io::Result<()> {
    let mut files = Vec::new();
    for given in paths {
        files.extend(files_under(given)?);
    }
    if let Some(folder) = &inspection.rewrite {
        nothing_overwritten(folder, &files)?;
    }
    let mut failed = Ok(());
    for (path, shown) in files {
        match one(&path, &shown, inspection) {
            Ok(report) => each(&report)?,
            Err(error) => failed = Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        }
    }
    failed
}

/// That each mail is rewritten to a file of its own, which is none of those looked at.
fn nothing_overwritten(folder: &Path, files: &[(PathBuf, PathBuf)]) -> io::Result<()> {
    let wrong = |path: &Path, why: &str| {
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("--rewrite: {}: {why}", path.display())))
    };
    let originals: HashSet<PathBuf> = files.iter().filter_map(|(path, _)| path.canonicalize().ok()).collect();
    let mut targets = HashSet::new();
    for (path, shown) in files {
        let target = folder.join(harmless(shown));
        if target.canonicalize().is_ok_and(|target| originals.contains(&target)) {
            return wrong(&target, "would overwrite a mail that is looked at");
        }
        if !targets.insert(target) {
            return wrong(path, "another mail of this name would be written to the same file");
        }
    }
    Ok(())
}

/// The file itself, or every file in the folder and those below it, sorted; each with the name it is shown under.
fn files_under(given: &Path) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let wrong = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", given.display()));
    if !std::fs::metadata(given).map_err(wrong)?.is_dir() {
        return Ok(vec![(given.to_path_buf(), given.to_path_buf())]);
    }
    let (mut files, mut folders) = (Vec::new(), vec![given.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let kind = entry.file_type().map_err(wrong)?;
            // Links to folders are not followed: they may lead round in a circle.
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() || (kind.is_symlink() && entry.path().is_file()) {
                let shown = entry.path().strip_prefix(given).map(Path::to_path_buf).unwrap_or_default();
                files.push((entry.path(), shown));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Looks at one mail.
///
/// # Errors
/// Only when the file cannot be read, or the rewritten one not written. No mail is an error.
pub fn one(path: &Path, shown: &Path, inspection: &Inspection) -> io::Result<Report> {
    let mut copy = tempfile::tempfile()?;
    let (outline, mut digests) = read(File::open(path)?, &mut copy)?;
    let mut plan =
        plan::plan_for(&outline, &inspection.settings).checked(&outline, &recipients(&outline), &inspection.settings);
    let packed = if plan.opened.is_empty() { BTreeMap::new() } else { Unpacked::of(&plan, File::open(path)?)? };
    let mut report = report(shown, &plan, &mut digests, &packed);
    let to = inspection.rewrite.as_ref().map(|folder| folder.join(harmless(shown)));
    if matches!(plan.decision, Decision::Relay | Decision::Deposit)
        && let Err(unwritable) = rewrite(to.as_deref(), &outline, &mut plan, &mut copy, inspection)?
    {
        // As the gateway does when it comes to writing the mail.
        report.decision = "hold";
        report.codes = vec![Code::Ambiguous.name()];
        report.details = vec![unwritable.reason];
    }
    Ok(report)
}

/// Who stands for the envelope's recipients: a mail in a file has none, and a Bcc field stands for theirs.
fn recipients(outline: &Outline) -> Vec<String> {
    let fields = ["to", "cc", "bcc"].into_iter().flat_map(|name| outline.header.all(name));
    fields.flat_map(|field| field.addresses()).map(|to| to.address).filter(|address| !address.is_empty()).collect()
}

fn read(mail: File, copy: &mut File) -> io::Result<(Outline, Digests)> {
    let mut digests = Digests::default();
    Ok((read_with(mail, Some(copy), &mut digests)?, digests))
}

fn read_with(mut mail: File, mut copy: Option<&mut File>, observer: &mut dyn Observer) -> io::Result<Outline> {
    let (mut normalizer, mut reader) = (Normalizer::new(), Reader::new(Limits::default()));
    let (mut piece, mut normal) = (vec![0; PIECE], Vec::new());
    loop {
        let read = mail.read(&mut piece)?;
        normal.clear();
        normalizer.push(&piece[..read], &mut normal);
        if let Some(copy) = &mut copy {
            copy.write_all(&normal)?;
        }
        reader.push_with(&normal, observer);
        if read == 0 {
            return Ok(reader.finish_with(observer));
        }
    }
}

/// Sizes and digests of files in parts that were opened, in a second pass: by their numbers.
struct Unpacked(Vec<(u32, PartId, Extractor, u64, Context)>, Vec<u8>);

impl Unpacked {
    fn of(plan: &Plan, mail: File) -> io::Result<BTreeMap<u32, (u64, String)>> {
        let files = plan.attachments.iter().filter_map(|file| {
            let extractor = file.packed.as_ref()?.file()?.extractor();
            Some((file.number, file.part, extractor, 0, Context::new(&SHA256)))
        });
        let mut unpacked = Self(files.collect(), Vec::new());
        read_with(mail, None, &mut unpacked)?;
        let digest = |(number, _, _, size, digest): (_, _, _, _, Context)| {
            (number, (size, hex::encode(digest.finish().as_ref())))
        };
        Ok(unpacked.0.into_iter().map(digest).collect())
    }
}

impl Observer for Unpacked {
    fn decoded(&mut self, id: PartId, octets: &[u8]) {
        let Self(files, out) = self;
        for (_, _, extractor, size, digest) in files.iter_mut().filter(|(_, part, ..)| *part == id) {
            out.clear();
            extractor.push(octets, out);
            *size += out.len() as u64;
            digest.update(out);
        }
    }
}

fn report(shown: &Path, plan: &Plan, digests: &mut Digests, packed: &BTreeMap<u32, (u64, String)>) -> Report {
    let body = |b: &plan::Body| BodyReport {
        media_type: b.media_type,
        charset: b.charset.clone(),
        size: b.given.as_ref().map_or_else(|| digests.size(b.part), |given| given.len() as u64),
    };
    let bodies = plan.bodies.iter().map(body).collect();
    let file = |a: &plan::Attachment| {
        let (size, sha256) = match packed.get(&a.number) {
            Some((size, sha256)) => (*size, sha256.clone()),
            None => (digests.size(a.part), digests.sha256(a.part)),
        };
        FileReport { name: a.name.clone(), media_type: a.media_type.clone(), size, sha256 }
    };
    Report {
        file: shown.to_string_lossy().into_owned(),
        decision: match plan.decision {
            Decision::Relay => "relay",
            Decision::Deposit => "deposit",
            Decision::Stop => "stop",
            Decision::Hold => "hold",
        },
        codes: plan.codes().iter().map(|code| code.name()).collect(),
        attachments: plan.attachments.iter().map(file).collect(),
        bodies,
        details: plan.problems.iter().map(|problem| problem.detail).collect(),
    }
}

/// The path below the folder for rewritten mails: nothing leads out of it.
fn harmless(shown: &Path) -> PathBuf {
    shown.components().filter(|c| matches!(c, Component::Normal(_))).collect()
}

/// Writes the mail as it would be relayed, notice included, unsigned; once more where its texts have to be veiled. To a file, or to see that it can be
/// written. A mail that cannot leaves no file.
fn rewrite(
    to: Option<&Path>,
    outline: &Outline,
    plan: &mut Plan,
    copy: &mut File,
    inspection: &Inspection,
) -> io::Result<Result<(), RewriteError>> {
    match rewrite_once(to, outline, plan, copy, inspection)? {
        Err(unwritable) if unwritable.needs_veil => plan.veil_bodies(),
        written => return Ok(written),
    }
    rewrite_once(to, outline, plan, copy, inspection)
}

fn rewrite_once(
    to: Option<&Path>,
    outline: &Outline,
    plan: &Plan,
    copy: &mut File,
    inspection: &Inspection,
) -> io::Result<Result<(), RewriteError>> {
    let mut sample = String::new();
    for body in plan.bodies.iter().take(4) {
        let octets = range_of(copy, preview::sample_range(body))?;
        preview::add_sample(body, &octets, &mut sample);
    }
    let password = FilePassword::generate().map_err(io::Error::other)?;
    let settings = preview::Preview {
        settings: &inspection.settings,
        brand: &inspection.brand,
        hostname: &inspection.hostname,
        id: MailId::generate(),
        received_at: Timestamp::now(),
        password: &password,
    };
    let steps = preview::steps(outline, plan, &sample, &settings);
    let Some(to) = to else { return write_steps(steps, copy, &mut io::sink()) };
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut out = io::BufWriter::new(File::create(to)?);
    let written = write_steps(steps, copy, &mut out)?;
    out.flush()?;
    if written.is_err() {
        std::fs::remove_file(to)?;
    }
    Ok(written)
}

fn write_steps(steps: Vec<Step>, copy: &mut File, out: &mut impl io::Write) -> io::Result<Result<(), RewriteError>> {
    for step in steps {
        if let Err(unwritable) = write_step(step, copy, out)? {
            return Ok(Err(unwritable));
        }
    }
    Ok(Ok(()))
}

fn range_of(copy: &mut File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    copy.seek(SeekFrom::Start(range.start))?;
    copy.take(range.end.saturating_sub(range.start)).read_to_end(&mut octets)?;
    Ok(octets)
}

/// Gives a step its range of the copy in pieces; writes what is ready.
fn write_step(step: Step, copy: &mut File, out: &mut impl io::Write) -> io::Result<Result<(), RewriteError>> {
    let mut step = step.begin();
    let range = step.range();
    copy.seek(SeekFrom::Start(range.start))?;
    let mut left = copy.take(range.end.saturating_sub(range.start));
    let (mut piece, mut ready) = (vec![0; PIECE], Vec::new());
    loop {
        let read = left.read(&mut piece)?;
        if read == 0 {
            break;
        }
        if let Err(unwritable) = step.push(&piece[..read], &mut ready) {
            return Ok(Err(unwritable));
        }
        out.write_all(&ready)?;
        ready.clear();
    }
    if let Err(unwritable) = step.finish(&mut ready) {
        return Ok(Err(unwritable));
    }
    out.write_all(&ready).map(Ok)
}

/// The report as people read it.
#[must_use]
pub fn as_text(report: &Report) -> String {
    let mut text = format!("{}: {}", report.file, report.decision);
    if !report.codes.is_empty() {
        text.push_str(&format!(" ({})", report.codes.join(", ")));
    }
    for detail in &report.details {
        text.push_str(&format!("\n    ! {detail}"));
    }
    for body in &report.bodies {
        let charset = body.charset.as_deref().unwrap_or("-");
        text.push_str(&format!("\n    stays     {} ({charset}), {} octets", body.media_type, body.size));
    }
    for file in &report.attachments {
        let name: String = file.name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        text.push_str(&format!(
            "\n    deposited {name} ({}), {} octets, SHA-256 {}",
            file.media_type, file.size, file.sha256
        ));
    }
    text
}
