//! One mail's way, read from top to bottom.

use fubako_base::{Code, Timestamp, secret::FilePassword, section::Section};
use fubako_mail::{Decision, Outline, Plan, notice::Notice, plan};
use fubako_store::mails::Mail;

use crate::{
    Gateway,
    notice::{self, Letter},
    problem::{Fate, Problem},
};

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
        let section = self.section_of(mail).await?;
        let spool = self.vault.open(&mail.accepted.spool).await?;

        let outline = self.read(&spool).await?;
        let plan = check(&outline)?;
        let sample = self.body_sample(&plan, &spool).await?;
        let letter = Letter::of(&outline, &plan, &section.settings, &sample);

        let composed = if plan.decision == Decision::Relay {
            self.relay_unchanged(mail, &section, &letter, &outline, &spool).await?
        } else {
            let password = self.file_password(mail, worker).await?;
            let deposit = self.put_files(mail, &letter, &plan, &spool, &password).await?;
            let notice = self.notice(mail, &section, &letter, &plan, &deposit.notice_subject, &password);
            let composed = self.rebuild(mail, &section, &letter, &outline, &plan, &notice, &spool).await;
            let composed = composed.map_err(|problem| problem.with_deposit(deposit.id))?;
            // Last of all, so that nobody is told of files whose mail could not be written.
            self.send_deposit(mail, worker, deposit.id).await?;
            composed
        };
        self.queue(mail, worker, composed).await
    }

    async fn section_of(&self, mail: &Mail) -> Result<Section, Problem> {
        let section = self.store.section(&mail.accepted.section).await?;
        let section = section.filter(|s| s.enabled && s.mail_link);
        section.ok_or_else(|| Problem::new(Fate::Stop, Code::OptionOff, "the section is closed or has no mail link"))
    }

    /// What the notice in the relayed mail says.
    pub(crate) fn notice(
        &self,
        mail: &Mail,
        section: &Section,
        letter: &Letter,
        plan: &Plan,
        notice_subject: &str,
        password: &FilePassword,
    ) -> Notice {
        let facts = notice::Facts {
            settings: &section.settings,
            brand: &self.brand,
            received_at: mail.accepted.received_at,
            notice_subject,
            password,
        };
        notice::notice(letter, plan, &facts)
    }

    /// Stage **queue**: the outgoing mail and the mail's new state, committed together.
    async fn queue(
        &self,
        mail: &Mail,
        worker: &str,
        outgoing: fubako_store::outbox::NewOutgoing,
    ) -> Result<(), Problem> {
        self.store.queue_mail(mail.accepted.id, worker, &outgoing, (self.clock)()).await?;
        (self.wake_post)();
        Ok(())
    }

    /// The mail's end, or another try, when a stage did not give its value.
    pub(crate) async fn end_badly(&self, mail: &Mail, worker: &str, problem: Problem) -> Result<(), Problem> {
        let now = (self.clock)();
        let given_up = now >= mail.accepted.received_at.plus_seconds(self.give_up_after);
        match problem.fate {
            Fate::LetGo => Err(problem),
            Fate::Retry if !given_up => self.try_later(mail, worker, &problem, now).await,
            Fate::Retry | Fate::Stop | Fate::Hold => {
                if self.may_be_stopped(mail, problem.open_deposit).await {
                    self.stop(mail, worker, &problem, now).await
                } else {
                    self.try_later(mail, worker, &problem, now).await
                }
            }
        }
    }

    async fn try_later(&self, mail: &Mail, worker: &str, problem: &Problem, now: Timestamp) -> Result<(), Problem> {
        let code = problem.codes.first().copied().unwrap_or(Code::ExchangeError);
        let (id, section) = (mail.accepted.id, &mail.accepted.section);
        tracing::warn!(mail = %id, %section, %code, cause = %problem.cause, "tried again later");
        let at = retry_at(now, mail.attempts);
        Ok(self.store.retry_mail(id, worker, at, code, &problem.cause).await?)
    }
}

/// Stage **check**: what stays, what is deposited, every problem found.
fn check(outline: &Outline) -> Result<Plan, Problem> {
    let plan = plan::plan(outline);
    let fate = match plan.decision {
        Decision::Relay | Decision::Deposit => return Ok(plan),
        Decision::Stop => Fate::Stop,
        Decision::Hold => Fate::Hold,
    };
    let details: Vec<&str> = plan.problems.iter().map(|finding| finding.detail).collect();
    let about = plan.problems.iter().filter_map(|f| f.part).filter_map(|part| named(&plan, part)).collect();
    Err(Problem { fate, codes: plan.codes(), about, cause: details.join("; "), open_deposit: None })
}

/// The name of the file that a part is deposited as.
fn named(plan: &Plan, part: fubako_mail::PartId) -> Option<String> {
    plan.attachments.iter().find(|a| a.part == part).map(|a| a.name.clone())
}

/// 10 s, 20 s, 40 s … up to 10 minutes.
fn retry_at(now: Timestamp, attempts: u32) -> Timestamp {
    now.plus_seconds((10i64 << attempts.min(6)).min(600))
}
