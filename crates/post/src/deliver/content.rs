//! An outgoing mail's octets as a stream: the prefix, then the content.

use bytes::Bytes;
use fubako_store::outbox::{Content, NewOutgoing};
use fubako_vault::{Vault, VaultError};
use futures::{StreamExt as _, stream, stream::BoxStream};

/// Opens an outgoing mail. At most a few chunks of it are in memory, save a small mail of our own that lies in its row.
///
/// # Errors
/// [`VaultError`].
pub(crate) async fn open(
    vault: &Vault,
    outgoing: &NewOutgoing,
) -> Result<BoxStream<'static, Result<Bytes, VaultError>>, VaultError> {
    let prefix = stream::iter((!outgoing.prefix.is_empty()).then(|| Ok(Bytes::from(outgoing.prefix.clone()))));
    Ok(match &outgoing.content {
        Content::Inline(sealed) => {
            let plain = vault.open_value(&outgoing.section, &inline_context(outgoing), sealed).await?;
            prefix.chain(stream::iter([Ok(Bytes::from(plain))])).boxed()
        }
        Content::Object(object) => {
            let reader = vault.open(object).await?;
            let length = reader.length();
            prefix.chain(reader.read(0..length)).boxed()
        }
    })
}

/// What an inline content is sealed as.
pub(crate) fn inline_context(outgoing: &NewOutgoing) -> String {
    format!("outgoing/{}", outgoing.id)
}
