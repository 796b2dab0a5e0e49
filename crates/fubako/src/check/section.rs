//! A section: whether its mail is taken, whose it could be, and what others make of it.

use fubako_base::{
    Code, Timestamp,
    ids::SectionId,
    network::Networks,
    section::{Proof, Section, Way},
};
use fubako_exchange::domain::{
    approval::{Owner, approvers, is_asked},
    default_user_trouble,
    hosts::{check_own_domain, host_of, own_domain},
};
use fubako_store::{approval::ApprovalStaff, sections::SenderAccounts};
use fubako_trust::{Dns as _, DnsFailure};

use crate::apply::shuts_out;

use super::{
    Finding, Looker, State,
    senders::{EXCHANGE_ONLINE, GOOGLE_WORKSPACE},
};

impl Looker<'_> {
    pub(super) async fn section(&self, section: &Section) -> Vec<Finding> {
        let mut findings = switches(section);
        findings.push(access(section));
        findings.extend(self.secret(section).await);
        findings.extend(self.depositors(section).await);
        findings.extend(self.approvers(section).await);
        findings.extend(self.shut_out(&section.id, &section.settings.screen_networks).await);
        findings.extend(self.own_domain(section).await);
        for domain in &section.domains {
            findings.extend(self.proof(section, domain).await);
            findings.push(self.spf(domain).await);
            findings.extend(self.dkim(&section.id, domain).await);
            findings.push(self.dmarc(domain).await);
            findings.push(self.mail_exchange(domain).await);
        }
        findings
    }

    /// RCV-TENANT: `spf` proves nothing where a provider sends for everybody, `dkim` not who sends a signed mail now, and SPF nothing at all
    /// where everybody may send.
    async fn proof(&self, section: &Section, domain: &str) -> Vec<Finding> {
        let proof = section.settings.proof;
        let senders = self.senders(domain, &section.domains).await;
        let mut findings = Vec::new();
        if senders.anybody && proof == Proof::Spf {
            findings.push(Finding::new("section", State::Wrong, "proof-open", domain));
        } else if senders.anybody {
            findings.push(Finding::new("spf", State::Warning, "spf-open", domain));
        }
        for provider in &senders.providers {
            findings.extend(
                match proof {
                    Proof::Spf => Some(Finding::new("section", State::Wrong, "proof-shared", domain)),
                    // Each of its customers passes SPF and could send a signed mail again.
                    Proof::Dkim => Some(Finding::new("section", State::Warning, "proof-replay", domain)),
                    Proof::SecretHeader if self.shows_no_certificate_to(provider) => {
                        Some(Finding::new("tls", State::Wrong, "certificate-provider", domain))
                    }
                    Proof::SecretHeader => None,
                }
                .map(|finding| finding.with("provider", *provider)),
            );
        }
        // With the secret, SPF is not what counts.
        if proof != Proof::SecretHeader {
            let names = senders.foreign.iter();
            findings.extend(
                names.map(|name| Finding::new("spf", State::Warning, "spf-foreign", domain).with("name", name)),
            );
            let wide = senders.wide().filter(|_| !senders.anybody);
            findings.extend(
                wide.map(|ranges| Finding::new("spf", State::Warning, "spf-wide", domain).with("ranges", ranges)),
            );
        }
        findings
    }

    /// Set up by our guides, these two verify the certificate.
    fn shows_no_certificate_to(&self, provider: &str) -> bool {
        let tls = &self.config.tls;
        let is_self_signed = tls.certificate.is_none() || tls.key.is_none();
        is_self_signed && matches!(provider, EXCHANGE_ONLINE | GOOGLE_WORKSPACE)
    }

    async fn secret(&self, section: &Section) -> Option<Finding> {
        if section.settings.proof != Proof::SecretHeader {
            return None;
        }
        let about = section.id.to_string();
        let header = section.settings.secret_header.clone().unwrap_or_default();
        Some(match self.ground.store.sealed_secret(&section.id).await {
            Ok(Some(_)) if !header.is_empty() => {
                Finding::new("section", State::Ok, "secret-set", about).with("header", header)
            }
            Ok(_) => Finding::new("section", State::Wrong, "secret-missing", about),
            Err(error) => {
                Finding::new("storage", State::Wrong, "database-away", about).with("cause", error.to_string())
            }
        })
    }

    async fn depositors(&self, section: &Section) -> Vec<Finding> {
        // Of nobody in particular: the group and the default user are every sender's.
        match self.ground.store.sender_accounts(&section.id, &[]).await {
            Ok(accounts) => depositors(section, &accounts, Timestamp::now()),
            Err(error) => {
                let away = Finding::new("storage", State::Wrong, "database-away", section.id.to_string());
                vec![away.with("cause", error.to_string())]
            }
        }
    }

    async fn approvers(&self, section: &Section) -> Vec<Finding> {
        match self.ground.store.approval_staff(&section.id).await {
            Ok(staff) => approval(section, &staff, Timestamp::now()),
            Err(error) => {
                let away = Finding::new("storage", State::Wrong, "database-away", section.id.to_string());
                vec![away.with("cause", error.to_string())]
            }
        }
    }

    /// X-NOTICE: whether the section's own domain is served, leads here, and is on the certificate that we show. (Behind a proxy the certificate is the
    /// proxy's.)
    async fn own_domain(&self, section: &Section) -> Option<Finding> {
        let own = own_domain(&section.settings)?;
        let served = self.config.own_domains().unwrap_or_default();
        if check_own_domain(&section.settings, &served).is_err() {
            return Some(Finding::new("section", State::Wrong, "own-domain-not-served", own));
        }
        let (there, ours) = match (self.addresses(own).await, self.addresses(host_of(&self.config.public_url())).await)
        {
            (Err(DnsFailure::Temporary(cause)), _) => return Some(self.away(own, &cause)),
            (there, ours) => (there.unwrap_or_default(), ours.unwrap_or_default()),
        };
        if there.is_empty() {
            return Some(Finding::new("dns", State::Wrong, "own-domain-missing", own));
        }
        if self.config.http.tls
            && let Err(cause) = self.shows_certificate_for(own)
        {
            return Some(Finding::new("tls", State::Wrong, "own-domain-certificate", own).with("cause", cause));
        }
        let elsewhere = !ours.is_empty() && !there.iter().any(|address| ours.contains(address));
        Some(if elsewhere {
            let elsewhere = Finding::new("dns", State::Warning, "own-domain-elsewhere", own);
            elsewhere.with("host", host_of(&self.config.public_url()))
        } else {
            Finding::new("dns", State::Ok, "own-domain-there", own)
        })
    }

    /// X-ACCOUNTS: whether the list of networks for the screens shuts out who administers a section, or for the installation's own log who
    /// operates the installation, from where they signed in last.
    pub(super) async fn shut_out(&self, log: &SectionId, list: &Networks) -> Vec<Finding> {
        if list.0.is_empty() {
            return Vec::new();
        }
        match self.ground.store.last_sign_ins(log).await {
            Ok(last) => shut_out(log, list, &last),
            Err(error) => {
                let away = Finding::new("storage", State::Wrong, "database-away", log.to_string());
                vec![away.with("cause", error.to_string())]
            }
        }
    }

    /// Notices go to senders: their domain must take mail.
    async fn mail_exchange(&self, domain: &str) -> Finding {
        match self.dns.mx(domain).await {
            Err(DnsFailure::Temporary(cause)) => self.away(domain, &cause),
            Ok(hosts) if hosts.iter().any(|host| !host.is_empty()) => {
                Finding::new("dns", State::Ok, "mx-there", domain)
            }
            Ok(_) | Err(DnsFailure::NoSuchName) => Finding::new("dns", State::Warning, "mx-missing", domain),
        }
    }
}

/// MAIL-SENDER: who deposits must be in the mail-link group, and somebody must for who has no account.
pub(super) fn depositors(section: &Section, accounts: &SenderAccounts, now: Timestamp) -> Vec<Finding> {
    let about = || section.id.to_string();
    let mut findings = Vec::new();
    let group = accounts.mail_link_group.as_ref();
    if group.is_none() {
        findings.push(Finding::new("section", State::Wrong, "mail-link-group-missing", about()));
    }
    match (&accounts.default_user, group) {
        (None, _) => findings.push(Finding::new("section", State::Warning, "default-user-missing", about())),
        (Some(user), Some(group)) if user.group.as_ref() != Some(group) => {
            let outside = Finding::new("section", State::Wrong, "default-user-no-group", about());
            findings.push(outside.with("user", user.login_id.clone()).with("group", group.clone()));
        }
        (Some(user), Some(_)) => {
            let finding = match default_user_trouble(section, accounts, user, now) {
                None => Finding::new("section", State::Ok, "default-user-there", about()),
                Some(Code::DefaultUserLocked) => Finding::new("section", State::Wrong, "default-user-locked", about()),
                Some(Code::DefaultUserPasswordReset) => {
                    Finding::new("section", State::Wrong, "default-user-password-reset", about())
                }
                Some(_) => Finding::new("section", State::Wrong, "default-user-password-expired", about()),
            };
            findings.push(finding.with("user", user.login_id.clone()));
        }
        (Some(_), None) => {}
    }
    findings
}

/// X-APPROVAL: where deposits must be approved there must be somebody, and for what that one sends somebody else.
pub(super) fn approval(section: &Section, staff: &ApprovalStaff, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for group in staff.groups.iter().filter(|group| is_asked(&section.settings, Some(group))) {
        // Of nobody in particular.
        let owner = Owner { group: Some(&group.name), depositor: None, sender_address: "" };
        let about = section.id.to_string();
        let finding = match approvers(section, staff, owner, now).len() {
            0 => Finding::new("section", State::Wrong, "approvers-missing", about),
            1 => Finding::new("section", State::Warning, "approver-alone", about),
            _ => Finding::new("section", State::Ok, "approvers-there", about),
        };
        findings.push(finding.with("group", group.name.clone()));
    }
    findings
}

/// A finding for each who is shut out; one that all is well where nobody is.
pub(super) fn shut_out(log: &SectionId, list: &Networks, last: &[(String, String)]) -> Vec<Finding> {
    let out: Vec<Finding> = last
        .iter()
        .filter(|(_, address)| shuts_out(list, address))
        .map(|(login_id, address)| {
            let out = Finding::new("access", State::Warning, "networks-shut-out", log.to_string());
            out.with("user", login_id.clone()).with("address", address.clone())
        })
        .collect();
    if out.is_empty() { vec![Finding::new("access", State::Ok, "networks-set", log.to_string())] } else { out }
}

/// ACCESS: what the section's way of proving recipients is worth. (Groups may have others.)
pub(super) fn access(section: &Section) -> Finding {
    let access = section.settings.access;
    let about = section.id.to_string();
    if access.allows(Way::PasswordInMail) {
        // The default, and what people know: said, and not warned of.
        Finding::new("section", State::Ok, "access-password", about)
    } else if access.allows(Way::OneTimeCode) {
        Finding::new("section", State::Ok, "access-code", about)
    } else {
        Finding::new("section", State::Warning, "access-account", about)
    }
}

fn switches(section: &Section) -> Vec<Finding> {
    let wrong = |name| Finding::new("section", State::Wrong, name, section.id.to_string());
    let mut findings = Vec::new();
    if !section.enabled {
        findings.push(wrong("section-off"));
    }
    if !section.mail_link {
        findings.push(wrong("option-off"));
    }
    if !section.autopilot {
        findings.push(wrong("autopilot-off"));
    }
    if section.domains.is_empty() {
        findings.push(wrong("domains-missing"));
    }
    if findings.is_empty() {
        findings.push(Finding::new("section", State::Ok, "section-on", section.id.to_string()));
    }
    findings
}
