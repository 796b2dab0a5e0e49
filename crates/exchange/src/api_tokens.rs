//! Tokens by which programs use the API for a section (spec X-API): an administrator makes and revokes them; whoever presents one is let in, or not.
//!
//! The rules are [`crate::domain::api_tokens`]'s. Only a token's SHA-256 is kept: it is shown once, to whoever made it.

use fubako_base::{Timestamp, audit::Event, ids::ApiTokenId, shown::visible};
pub use fubako_store::api_tokens::ApiToken;
use fubako_store::{StoreError, api_tokens::Added};

use crate::{
    Exchange,
    account::Person,
    audit::By,
    deposit::DepositError,
    domain::{
        Whence,
        api_tokens::{Bearer, MOST_TOKENS, NewToken, TokenFault, TokenState, faults, may_call, state},
    },
    token::{Token, presented},
};

/// Seconds for which one note of a token's use is enough.
const NOTED: i64 = 3600;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such token, or none for this person.
    #[error("there is no such token")]
    NotFound,
    /// What is wanted cannot be had.
    #[error("the token cannot be made: {0:?}")]
    Faults(Vec<TokenFault>),
    /// May pass; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for TokenError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Exchange {
    /// The tokens of an administrator's section, the newest first.
    ///
    /// # Errors
    /// [`TokenError::NotFound`] where somebody is no administrator; [`TokenError::Unavailable`].
    pub async fn api_tokens(&self, person: &Person) -> Result<Vec<ApiToken>, TokenError> {
        let section = person.administered().ok_or(TokenError::NotFound)?;
        Ok(self.parts.store.api_tokens(&section.id).await?)
    }

    /// Makes a token; gives it with the secret, which nobody can be given again.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn make_api_token(
        &self,
        person: &Person,
        new: &NewToken,
        address: &str,
        now: Timestamp,
    ) -> Result<(ApiToken, Token), TokenError> {
        let section = person.administered().ok_or(TokenError::NotFound)?;
        let found = faults(section, new);
        if !found.is_empty() {
            return Err(TokenError::Faults(found));
        }
        let secret = Token::generate().map_err(|error| TokenError::Unavailable(error.to_string()))?;
        let token = ApiToken {
            id: ApiTokenId::generate(),
            section: section.id.clone(),
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            made_by: person.known.account.login_id.clone(),
            made_at: now,
            expires_at: now.plus_seconds(i64::from(new.days.unwrap_or_default()) * 86_400),
            revoked_at: None,
            used_at: None,
        };
        let entry = By::person(person, address)
            .did(&section.id, Event::TokenMade, token.id, now)
            .with("name", &token.name)
            .with("scopes", &token.scopes)
            .with("expires", token.expires_at.jiff());
        match self.parts.store.add_api_token(&token, secret.hash(), MOST_TOKENS, &entry).await? {
            Added::Kept => {}
            Added::TooMany => return Err(TokenError::Faults(vec![TokenFault::TooMany])),
            Added::NameTaken => return Err(TokenError::Faults(vec![TokenFault::NameTaken])),
        }
        let (by, name, scopes) = (&person.known.account.id, visible(&token.name), &token.scopes);
        tracing::info!(section = %section.id, token = %token.id, name, %scopes, %by, "a token for programs was made");
        Ok((token, secret))
    }

    /// Revokes a token of an administrator's section: its bearer is let in no more. Done twice, it was done once.
    ///
    /// # Errors
    /// [`TokenError::NotFound`], [`TokenError::Unavailable`].
    pub async fn revoke_api_token(
        &self,
        person: &Person,
        id: ApiTokenId,
        address: &str,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        let section = person.administered().ok_or(TokenError::NotFound)?;
        let tokens = self.parts.store.api_tokens(&section.id).await?;
        let token = tokens.iter().find(|token| token.id == id).ok_or(TokenError::NotFound)?;
        let by = By::person(person, address);
        let entry = by.did(&section.id, Event::TokenRevoked, id, now).with("name", &token.name);
        if self.parts.store.revoke_api_token(&section.id, id, &person.known.account.login_id, &entry, now).await? {
            tracing::info!(section = %section.id, token = %id, by = by.actor.name(), "a token for programs was revoked");
        }
        Ok(())
    }

    /// Whose token this is, where it is good; none where it is not, for whatever reason.
    ///
    /// # Errors
    /// [`DepositError::Refused`] with `autopilot-off` or `ip-not-allowed`; [`DepositError::Unavailable`].
    pub async fn bearer(&self, token: &str, whence: Whence, now: Timestamp) -> Result<Option<Bearer>, DepositError> {
        let Some(hash) = presented(token) else { return Ok(None) };
        let Some(token) = self.parts.store.api_token(hash).await? else { return Ok(None) };
        if state(&token, now) != TokenState::Good {
            return Ok(None);
        }
        let section = self.parts.store.section(&token.section).await?.filter(|section| section.enabled);
        let Some(section) = section else { return Ok(None) };
        may_call(&section, whence).map_err(|code| DepositError::Refused { code, detail: String::new() })?;
        let lately = now.plus_seconds(-NOTED);
        if token.used_at.is_none_or(|at| at < lately) {
            self.parts.store.api_token_used(token.id, lately, now).await?;
        }
        let ApiToken { id, section, name, scopes, .. } = token;
        Ok(Some(Bearer::Program { section, token: id, name, scopes }))
    }
}
