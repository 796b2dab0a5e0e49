//! The mail that goes back with a bounce: composed afresh from the original, its file password blanked (spec MAIL-BOUNCE).

use std::io;

use bytes::Bytes;
use fubako_base::{ids::MailId, secret::FilePassword};
use fubako_mail::{Decision, Step, steps::Begun};
use fubako_vault::SealedReader;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use crate::{Gateway, path::Case, problem::Problem};

impl Gateway {
    /// The relayed mail without its secrets; none where the original is gone or cannot be composed any more.
    pub async fn returned(&self, id: MailId) -> Option<BoxStream<'static, Result<Bytes, io::Error>>> {
        match self.returned_steps(id).await {
            Ok(Some((steps, spool))) => {
                Some(stream::iter(steps).flat_map(move |step| carried_out(step.begin(), &spool)).boxed())
            }
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
        let mut case = self.examine(&mail, section).await?;
        let blank = FilePassword::from_kept("*".repeat(FilePassword::LENGTH));
        let blank = Some(&blank).filter(|_| mail.with_password);
        let steps = |case: &Case<'_>| {
            let composition = self.composition(case);
            match case.plan.decision {
                Decision::Relay => composition.unchanged(),
                _ => composition.rebuilt(&composition.notice_subject(), blank, mail.approval),
            }
        };
        if matches!(case.plan.decision, Decision::Stop | Decision::Hold) {
            return Ok(None);
        }
        if needs_veil(steps(&case), &case.spool).await? {
            case.plan.veil_bodies();
        }
        Ok(Some((steps(&case), case.spool)))
    }
}

/// Whether its texts were veiled when the mail left: it is written to nowhere to see it, since what is given back is given while it is written.
async fn needs_veil(steps: Vec<Step>, spool: &SealedReader) -> Result<bool, Problem> {
    let mut out = Vec::new();
    for step in steps {
        let mut step = step.begin();
        let mut octets = spool.read(step.range());
        while let Some(piece) = octets.next().await {
            out.clear();
            if let Err(unwritable) = step.push(&piece?, &mut out) {
                return Ok(unwritable.needs_veil);
            }
        }
        if let Err(unwritable) = step.finish(&mut out) {
            return Ok(unwritable.needs_veil);
        }
    }
    Ok(false)
}

/// A step's octets, as they become ready.
fn carried_out(step: Begun, spool: &SealedReader) -> BoxStream<'static, Result<Bytes, io::Error>> {
    let pieces = spool.read(step.range());
    stream::try_unfold(Some((step, pieces)), |state| async move {
        let Some((mut step, mut pieces)) = state else { return Ok(None) };
        let mut out = Vec::new();
        let rest = match pieces.next().await {
            Some(piece) => {
                step.push(&piece.map_err(io::Error::other)?, &mut out).map_err(io::Error::other)?;
                Some((step, pieces))
            }
            None => {
                step.finish(&mut out).map_err(io::Error::other)?;
                None
            }
        };
        Ok(Some((Bytes::from(out), rest)))
    })
    .boxed()
}
