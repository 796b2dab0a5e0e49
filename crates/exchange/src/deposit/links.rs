//! What recipients get when a deposit is sent: a link each, and the deposit notice that has it (spec X-NOTICE).

use fubako_base::{Timestamp, address::compared, ids::LinkId, section::Section};
use fubako_store::{
    deposits::{Deposit, File, Link},
    outbox::NewOutgoing,
};

use super::DepositError;
use crate::{Exchange, domain::hosts::link_base, notice::DepositNotice, token::Token};

impl Exchange {
    /// A link and a deposit notice a recipient (spec X-NOTICE).
    pub(crate) async fn links_and_notices(
        &self,
        deposit: &Deposit,
        section: &Section,
        files: &[File],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(Vec<Link>, Vec<NewOutgoing>), DepositError> {
        let notice = DepositNotice {
            brand: &self.parts.brand,
            from: &self.parts.notice_from,
            hostname: &self.parts.hostname,
            deposit,
            settings: &section.settings,
            files,
            sent_at: now,
            expires_at,
        };
        let mut links = Vec::with_capacity(deposit.recipients.len());
        let mut notices = Vec::with_capacity(deposit.recipients.len());
        for recipient in &deposit.recipients {
            let token = Token::generate().map_err(|e| DepositError::Internal(e.to_string()))?;
            let base = link_base(&section.settings, &self.parts.own_domains, &self.parts.public_url);
            let url = format!("{base}/d/{}", token.expose());
            links.push(Link {
                id: LinkId::generate(),
                deposit: deposit.id,
                recipient: recipient.clone(),
                address: compared(recipient),
                token_hash: token.hash(),
                failures: 0,
                next_try_at: None,
                cancelled_at: None,
            });
            notices.push(self.outgoing_notice(&notice, recipient, &url).await?);
        }
        Ok((links, notices))
    }
}
