//! One mail's way, read from top to bottom.

use fubako_base::{
    Code, Timestamp,
    section::{Section, Way},
};
use fubako_mail::{Decision, Outline, Plan, plan};
use fubako_store::{mails::Mail, outbox::NewOutgoing};
use fubako_vault::SealedReader;

use crate::{
    Gateway,
    composition::Composition,
    letter::Letter,
    problem::{Fate, Problem},
};

/// A mail that was read: what the later stages work on. Its octets stay in the spool.
pub(crate) struct Case<'a> {
    pub(crate) mail: &'a Mail,
    pub(crate) section: Section,
    pub(crate) spool: SealedReader,
    pub(crate) outline: Outline,
    pub(crate) plan: Plan,
    pub(crate) letter: Letter,
}

impl Gateway {
    /// Handles a leased mail to its end: `relaying`, `stopped`, `held`, or back in the queue.
    ///
    /// # Errors
    /// [`Problem`] with [`Fate::LetGo`] or [`Fate::Retry`] when not even the ending could be committed; the lease then runs
    /// out and the mail is taken up again.
    pub async fn handle(&self, mail: &Mail, worker: &str) -> Result<(), Problem> {
        match self.deliver(mail, worker).await {
            Ok(()) => Ok(()),
            Err(problem) => self.end_badly(mail, worker, problem).await,
        }
    }

    /// The stages.
    async fn deliver(&self, mail: &Mail, worker: &str) -> Result<(), Problem> {
        let sent = self.sent_deposit(mail).await?;
        let section = self.section_of(mail, sent.is_some()).await?;
        let mut case = self.examine(mail, section).await?;
        if sent.is_none() {
            check(&case)?;
        }
        if case.plan.decision == Decision::Relay {
            let composed = self.write_outgoing(&mut case, |mail: &Composition<'_>| mail.unchanged()).await?;
            return self.queue(mail, worker, composed).await;
        }
        let password = self.file_password(mail, worker).await?;
        let (deposit, is_sent) = match sent {
            Some(sent) => (sent, true),
            None => (self.put_files(&case, &password).await?, false),
        };
        let password = Some(&password).filter(|_| deposit.access.allows(Way::PasswordInMail));
        let steps = |mail: &Composition<'_>| mail.rebuilt(&deposit.notice_subject, password, deposit.approval);
        let composed = self.write_outgoing(&mut case, steps).await?;
        // Last of all, so that nobody is told of files whose mail could not be written.
        if !is_sent && let Err(problem) = self.send_deposit(mail, worker, &deposit).await {
            self.discard(&composed).await;
            return Err(problem);
        }
        self.queue(mail, worker, composed).await
    }

    /// The mail's section, where it may use the gateway. What it switched off after its recipients were told of files does not
    /// keep the mail from them.
    async fn section_of(&self, mail: &Mail, is_sent: bool) -> Result<Section, Problem> {
        let section = self.store.section(&mail.accepted.section).await?;
        let section = section.filter(|section| is_sent || section.enabled && section.mail_link);
        section.ok_or_else(|| Problem::new(Fate::Stop, Code::OptionOff, "the section is closed or has no mail link"))
    }

    /// Stage **read**: the mail's outline, what becomes of its parts, and the mail as a person sees it.
    pub(crate) async fn examine<'a>(&self, mail: &'a Mail, section: Section) -> Result<Case<'a>, Problem> {
        let spool = self.vault.open(&mail.accepted.spool).await?;
        let outline = self.read(&spool).await?;
        let plan = plan::plan_for(&outline, &section.settings);
        let sample = self.body_sample(&plan, &spool).await?;
        let letter = Letter::of(&outline, &plan, &section.settings, &sample);
        Ok(Case { mail, section, spool, outline, plan, letter })
    }

    /// What the outgoing mail is written of.
    pub(crate) fn composition<'a>(&'a self, case: &'a Case<'_>) -> Composition<'a> {
        let accepted = &case.mail.accepted;
        Composition {
            outline: &case.outline,
            plan: &case.plan,
            letter: &case.letter,
            settings: &case.section.settings,
            brand: &self.brand,
            hostname: &self.hostname,
            id: accepted.id,
            received_at: accepted.received_at,
            received_field: &accepted.received_field,
            results_field: &accepted.results_field,
        }
    }

    /// Stage **queue**: the outgoing mail and the mail's new state, committed together.
    async fn queue(&self, mail: &Mail, worker: &str, outgoing: NewOutgoing) -> Result<(), Problem> {
        match self.store.queue_mail(mail.accepted.id, worker, &outgoing, (self.clock)()).await.map_err(Problem::from) {
            Ok(()) => (self.wake_post)(),
            Err(problem) => {
                // After any other error nobody knows whether it was committed.
                if problem.fate == Fate::LetGo {
                    self.discard(&outgoing).await;
                }
                return Err(problem);
            }
        }
        Ok(())
    }

    /// The mail's end, or another try, when a stage did not give its value.
    pub(crate) async fn end_badly(&self, mail: &Mail, worker: &str, problem: Problem) -> Result<(), Problem> {
        let now = (self.clock)();
        let given_up = now >= mail.tried_since.plus_seconds(self.give_up_after);
        match problem.fate {
            Fate::LetGo => Err(problem),
            Fate::Retry if !given_up => self.try_later(mail, worker, &problem, now).await,
            Fate::Retry | Fate::Stop | Fate::Hold => {
                if self.may_be_stopped(mail, worker).await? {
                    self.stop(mail, worker, &problem, now).await
                } else {
                    self.try_later(mail, worker, &problem, now).await
                }
            }
        }
    }

    async fn try_later(&self, mail: &Mail, worker: &str, problem: &Problem, now: Timestamp) -> Result<(), Problem> {
        let code = problem.codes().first().copied().unwrap_or(Code::ExchangeError);
        let (id, section) = (mail.accepted.id, &mail.accepted.section);
        tracing::warn!(mail = %id, %section, %code, cause = %problem.cause, "tried again later");
        let at = retry_at(now, mail.attempts, problem.again_in);
        Ok(self.store.retry_mail(id, worker, at, code, &problem.cause).await?)
    }
}

/// Stage **check**: whether the mail may go on, by what it is and by what its section allows; else every problem found.
fn check(case: &Case<'_>) -> Result<(), Problem> {
    let recipients: Vec<String> = case.mail.accepted.recipients.iter().map(|to| to.address.clone()).collect();
    let plan = case.plan.clone().checked(&case.outline, &recipients, &case.section.settings);
    let fate = match plan.decision {
        Decision::Relay | Decision::Deposit => return Ok(()),
        Decision::Stop => Fate::Stop,
        Decision::Hold => Fate::Hold,
    };
    Err(Problem::of_plan(fate, &plan))
}

/// 10 s, 20 s, 40 s … up to 10 minutes; earlier where what is in the way will be gone by then, in so many seconds.
fn retry_at(now: Timestamp, attempts: u32, again_in: Option<u64>) -> Timestamp {
    let wait = (10i64 << attempts.min(6)).min(600);
    let gone = again_in.and_then(|seconds| i64::try_from(seconds).ok()).map_or(wait, |seconds| seconds.max(1));
    now.plus_seconds(wait.min(gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: MAIL-DEPOSIT
    #[test]
    fn waits_grow_and_end_with_what_is_in_the_way() {
        for (attempts, again_in, wait) in [
            (0, None, 10),
            (2, None, 40),
            (6, None, 600),
            (u32::MAX, None, 600),
            (2, Some(3600), 40),
            (6, Some(90), 90),
            (6, Some(0), 1),
            (0, Some(u64::MAX), 10),
        ] {
            assert_eq!(retry_at(Timestamp(0), attempts, again_in), Timestamp(0).plus_seconds(wait), "{attempts}");
        }
    }
}
