//! What is under a host name that a request names (spec X-NOTICE): the rules are [`crate::domain::hosts`]'s.

use fubako_store::StoreError;

use crate::{
    Exchange,
    domain::hosts::{Site, is_own, site},
    token,
};

impl Exchange {
    /// What is under the host that a request names.
    #[must_use]
    pub fn site(&self, asked: Option<&str>) -> Site {
        site(asked, &self.parts.own_domains, &self.parts.public_url)
    }

    /// Whether a link is one of the section's whose own domain a request names (spec X-NOTICE).
    ///
    /// # Errors
    /// The private cause, for the log.
    pub async fn is_link_of(&self, token: &str, asked: &str) -> Result<bool, StoreError> {
        let Some(hash) = token::presented(token) else { return Ok(false) };
        let Some((_, deposit)) = self.parts.store.link(&hash).await? else { return Ok(false) };
        let section = self.parts.store.section(&deposit.section).await?;
        Ok(section.is_some_and(|section| is_own(asked, &section.settings)))
    }
}
