//! The post office: outbox, routing, delivery, retries, bounces.
//!
//! ```text
//!  lease a round ─ route ─ deliver ─ commit outcomes ─ (bounce) ─ settle
//! ```
//!
//! - [`keyring`]: DKIM keys of the sections and of the installation, opened from the database
//! - [`route`]: smarthost or MX: pure decision over what DNS said
//! - [`resolver`]: what DNS says
//! - [`sts`]: MTA-STS policies of recipients' domains
//! - [`dane`]: what TLSA records demand of a certificate
//! - [`deliver`]: one round: a transaction a host, an outcome a recipient
//! - [`backoff`]: when to try again. Pure
//! - [`bounce`]: the delivery status notification
//! - [`office`]: the workers
//! - [`tls`]: what we ask of TLS towards next hops

pub mod backoff;
pub mod bounce;
pub mod dane;
pub mod deliver;
pub mod keyring;
pub mod office;
pub mod resolver;
pub mod route;
pub mod sts;
pub mod tls;

use std::sync::Arc;

use bytes::Bytes;
use fubako_base::ids::MailId;
use futures::{future::BoxFuture, stream::BoxStream};

/// Gives the mail that goes back with a bounce, its file password blanked (spec MAIL-BOUNCE); none where only the header of
/// what was sent shall go back. The gateway composes it afresh from the original mail (`NewOutgoing::mail`).
pub type ReturnedMail =
    Arc<dyn Fn(MailId) -> BoxFuture<'static, Option<BoxStream<'static, Result<Bytes, std::io::Error>>>> + Send + Sync>;
