//! The mail that goes back with a bounce: composed afresh from the original, its file password blanked (spec MAIL-BOUNCE).

use bytes::Bytes;
use fubako_base::{ids::MailId, secret::FilePassword};
use fubako_mail::{Decision, Step, newline::CrFixer, plan};
use fubako_vault::SealedReader;
use futures::{Stream, StreamExt as _, stream::BoxStream};

use crate::{
    Gateway,
    notice::{self, Letter},
    problem::Problem,
};

impl Gateway {
    /// The relayed mail without its secrets; none where the original is gone or cannot be composed any more.
    pub async fn returned(&self, id: MailId) -> Option<BoxStream<'static, Result<Bytes, std::io::Error>>> {
        match self.returned_steps(id).await {
            Ok(Some((steps, spool))) => Some(written(steps, spool).boxed()),
            Ok(None) => None,
            Err(problem) => {
                tracing::warn!(mail = %id, cause = %problem.cause, "the relayed mail cannot be given back");
                None
            }
        }
    }

    async fn returned_steps(&self, id: MailId) -> Result<Option<(Vec<Step>, SealedReader)>, Problem> {
        let Some(mail) = self.store.mail(id).await? else { return Ok(None) };
        let Some(section) = self.store.section(&mail.accepted.section).await? else { return Ok(None) };
        let spool = self.vault.open(&mail.accepted.spool).await?;
        let outline = self.read(&spool).await?;
        let plan = plan::plan(&outline);
        let sample = self.body_sample(&plan, &spool).await?;
        let letter = Letter::of(&outline, &plan, &section.settings, &sample);
        let steps = match plan.decision {
            Decision::Relay => {
                let secret = section.settings.secret_header.as_deref();
                fubako_mail::relay::unchanged(&outline, &mail.accepted.received_field, secret)
            }
            Decision::Deposit => {
                let blank = FilePassword::from_kept("*".repeat(FilePassword::LENGTH));
                let subject = notice::notice_subject(&self.brand, &letter.subject);
                let notice = self.notice(&mail, &section, &letter, &plan, &subject, &blank);
                self.rebuild_steps(&mail, &section, &outline, &plan, &notice)
            }
            Decision::Stop | Decision::Hold => return Ok(None),
        };
        Ok(Some((steps, spool)))
    }
}

/// The steps carried out, as a stream.
fn written(steps: Vec<Step>, spool: SealedReader) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send {
    futures::stream::iter(steps).flat_map(move |step| carried_out(step, &spool))
}

fn carried_out(step: Step, spool: &SealedReader) -> BoxStream<'static, Result<Bytes, std::io::Error>> {
    match step {
        Step::Octets(octets) => futures::stream::once(async { Ok(Bytes::from(octets)) }).boxed(),
        Step::Copy(range) => {
            let mut fixer = CrFixer::new();
            worked(spool.read(range), move |piece, out| {
                match piece {
                    Some(piece) => fixer.push(piece, out),
                    None => fixer.finish(out),
                }
                Ok(())
            })
        }
        Step::Body { range, mut work } => worked(spool.read(range), move |piece, out| {
            match piece {
                Some(piece) => work.push(piece, out),
                None => work.finish(out),
            }
            .map_err(std::io::Error::other)
        }),
    }
}

type Sealed = BoxStream<'static, Result<Bytes, fubako_vault::VaultError>>;

fn worked(
    octets: Sealed,
    mut work: impl FnMut(Option<&[u8]>, &mut Vec<u8>) -> Result<(), std::io::Error> + Send + 'static,
) -> BoxStream<'static, Result<Bytes, std::io::Error>> {
    let ended = octets.map(Some).chain(futures::stream::once(async { None }));
    ended
        .map(move |piece| {
            let mut out = Vec::new();
            match piece {
                Some(piece) => work(Some(&piece.map_err(std::io::Error::other)?), &mut out)?,
                None => work(None, &mut out)?,
            }
            Ok(Bytes::from(out))
        })
        .boxed()
}
