//! The log: structured, on standard error, without any password, key or file content (spec KEEP-LOGS).

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{
    EnvFilter, filter::LevelFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    config::Log,
    parts::{At as _, StartError},
};

/// The filter that `log.level` says: a level, or levels for parts of the program (`info,fubako_smtp=debug`).
///
/// A word that is no level would be taken for the name of a part, and silence all others: a slip of the pen must not do that.
fn filter(level: &str) -> Result<EnvFilter, StartError> {
    for directive in level.split(',') {
        let word = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
        if word.trim().parse::<LevelFilter>().is_err() || word.trim().is_empty() {
            return Err(StartError(format!(
                "log.level: {directive:?} is no level; use error, warn, info, debug or trace, or PART=LEVEL"
            )));
        }
    }
    EnvFilter::try_new(level).at("log.level")
}

/// Starts the log.
///
/// # Errors
/// [`StartError`] when `log.level` is no filter, or a log was started before.
pub fn start(config: &Log) -> Result<(), StartError> {
    let filter = filter(&config.level)?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = if config.format == "json" {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(io::stderr)).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr)).try_init()
    };
    started.at("log")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for good in ["info", "WARN", "off", "info,fubako_smtp=debug", "warn,fubako_post=trace"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["", "warning", "information", "info,debugg", "fubako_smtp", "fubako_smtp=loud", "info,"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
