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

use crate::{Gateway, problem::Problem};

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
        let case = self.examine(&mail, section).await?;
        let composition = self.composition(&case);
        let steps = match case.plan.decision {
            Decision::Relay => composition.unchanged(),
            Decision::Deposit => {
                let blank = FilePassword::from_kept("*".repeat(FilePassword::LENGTH));
                let blank = Some(&blank).filter(|_| mail.with_password);
                composition.rebuilt(&composition.notice_subject(), blank, mail.approval)
            }
            Decision::Stop | Decision::Hold => return Ok(None),
        };
        Ok(Some((steps, case.spool)))
    }
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
