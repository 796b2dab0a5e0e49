//! One order, from the account to the certificate (RFC 8555, 7).

use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationHandle, AuthorizationStatus, ChallengeType,
    ExternalAccountKey, Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};

use super::{AcmeError, Challenges, Settings, settings::Issued};

/// How a directory is asked whether it has come to an end. The whole is bounded by [`super::PATIENCE`].
const POLL: RetryPolicy = RetryPolicy::new().timeout(super::PATIENCE);

/// Orders a certificate for the names: account, order, proofs, certificate.
pub(super) async fn place(settings: &Settings, challenges: &Challenges) -> Result<Issued, AcmeError> {
    let account = account(settings).await?;
    let names: Vec<Identifier> = settings.names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    prove(&mut order, challenges).await?;
    match order.poll_ready(&POLL).await {
        Ok(OrderStatus::Ready) => {}
        Ok(status) => return Err(refused(&mut order).await.unwrap_or(AcmeError::Ended(status))),
        Err(error) => return Err(refused(&mut order).await.unwrap_or(error.into())),
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&POLL).await?;
    Ok(Issued { chain, key })
}

/// The account that is kept, or a new one, which is kept.
async fn account(settings: &Settings) -> Result<Account, AcmeError> {
    if let Some(credentials) = settings.account::<AccountCredentials>()? {
        return Ok(client(settings)?.from_credentials(credentials).await?);
    }
    let contact: Vec<&str> = settings.contact.iter().map(String::as_str).collect();
    let about = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let external = settings.external.as_ref().map(|(id, key)| ExternalAccountKey::new(id.clone(), key));
    let (account, credentials) =
        client(settings)?.create(&about, settings.directory.clone(), external.as_ref()).await?;
    settings.keep_account(&credentials)?;
    Ok(account)
}

fn client(settings: &Settings) -> Result<AccountBuilder, AcmeError> {
    Ok(match &settings.trusted {
        Some(root) => Account::builder_with_root(root)?,
        None => Account::builder()?,
    })
}

async fn prove(order: &mut Order, challenges: &Challenges) -> Result<(), AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let name = authorization.identifier().to_string();
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            status => return Err(AcmeError::NotProven(name, format!("its authorization is {status:?}"))),
        }
        let mut challenge = authorization.challenge(ChallengeType::TlsAlpn01).ok_or(AcmeError::NoWay(name.clone()))?;
        challenges.prove(&name, challenge.key_authorization().digest().as_ref())?;
        challenge.set_ready().await?;
    }
    Ok(())
}

/// Which name was not proven, and what the directory says of it, if it is that.
async fn refused(order: &mut Order) -> Option<AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if let Some(error) = refused_name(&mut authorization).await {
            return Some(error);
        }
    }
    None
}

async fn refused_name(authorization: &mut AuthorizationHandle<'_>) -> Option<AcmeError> {
    let name = authorization.identifier().to_string();
    let state = authorization.refresh().await.ok()?;
    let said = state.challenges.iter().find_map(|challenge| challenge.error.as_ref())?;
    Some(AcmeError::NotProven(name, said.to_string()))
}
