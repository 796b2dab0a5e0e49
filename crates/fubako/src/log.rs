//! The log: structured, on standard error, without any password, key or file content (spec KEEP-LOGS).

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    config::Log,
    parts::{At as _, StartError},
};

/// Starts the log.
///
/// # Errors
/// [`StartError`] when `log.level` is no filter, or a log was started before.
pub fn start(config: &Log) -> Result<(), StartError> {
    let filter = EnvFilter::try_new(&config.level).at("log.level")?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = if config.format == "json" {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(io::stderr)).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr)).try_init()
    };
    started.at("log")
}
