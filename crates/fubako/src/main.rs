//! The binary: configuration, commands, wiring.

#![allow(unreachable_pub, reason = "a binary exports nothing; `pub` says what a module is for")]

mod acme;
mod apply;
mod certificates;
mod check;
mod config;
mod demo;
mod files;
mod http;
mod inspect;
mod log;
mod machine;
mod operator;
mod parts;
mod queue;
mod serve;
mod tls;
mod verify;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use fubako_base::{
    Lang, Timestamp,
    audit::Event,
    ids::{MailId, SectionId},
    section::Settings,
};
use fubako_exchange::{Exchange, audit::By};
use parts::{At as _, Bells, Ground, StartError};

use crate::config::Config;

/// Fubako (文箱): takes the attachments off a company's mail, keeps them safe, and gives them to their recipients
#[derive(Parser)]
#[command(name = "fubako", version, max_term_width = 100)]
struct Arguments {
    /// The configuration file [default: $FUBAKO_CONFIG, else embedded defaults]
    #[arg(long, global = true, value_name = "F")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs it all, or a part
    Serve {
        /// A part; without it, everything
        #[arg(long, value_enum)]
        role: Option<serve::Role>,
    },
    /// Shows the main job on embedded defaults with nothing configured
    Demo(demo::DemoArguments),
    /// Shows what the gateway would do with mails, touching nothing
    Inspect(InspectArguments),
    /// Makes sections, groups, users and settings as declared; the second time changes nothing
    Apply {
        /// The declaration, TOML
        file: PathBuf,
        /// Shows the difference and changes nothing
        #[arg(long)]
        dry_run: bool,
        /// Removes groups and users of declared sections that are not declared
        #[arg(long)]
        prune: bool,
    },
    /// Looks whether all is right: storage, clock, DNS, TLS, SPF, DKIM, DMARC, scanner; says how to mend what is not
    Check {
        /// This section, besides the installation; without it, all
        #[arg(long, value_name = "ID")]
        section: Option<SectionId>,
        /// One JSON object
        #[arg(long)]
        json: bool,
        /// The language of the report [default: Japanese where the environment is]
        #[arg(long, value_name = "ja|en")]
        lang: Option<Lang>,
    },
    /// Operators' accounts, and the way back in for whoever cannot sign in
    Operator {
        #[command(subcommand)]
        command: operator::OperatorCommand,
    },
    /// Looks whether what is kept is as it was written
    Verify {
        /// The audit log: finds a line that was removed, changed or moved
        #[arg(long, required = true)]
        audit: bool,
        /// What an earlier run said as JSON, kept elsewhere: finds a database that was put back as a whole, too
        #[arg(long, value_name = "F")]
        noted: Option<PathBuf>,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// The mails in hand and why they wait
    Queue {
        /// One JSON object a line
        #[arg(long, global = true)]
        json: bool,
        #[command(subcommand)]
        command: queue::QueueCommand,
    },
}

#[derive(clap::Args)]
struct InspectArguments {
    /// Mails, or folders of mails
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// With this section's settings
    #[arg(long, value_name = "ID")]
    section: Option<SectionId>,
    /// One JSON object a mail
    #[arg(long)]
    json: bool,
    /// Writes each mail there as it would be relayed
    #[arg(long, value_name = "DIR")]
    rewrite: Option<PathBuf>,
}

/// Threads for file and hash work. Each keeps some memory of its own: with the default of 512 a burst of large mails grows it.
const BLOCKING: usize = 12;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "fubako: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING)
        .build()
        .at("runtime")?;
    let code = runtime.block_on(command(arguments));
    // Blocking work that is still running (a name lookup, say) does not keep the program.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    code
}

async fn command(arguments: Arguments) -> Result<ExitCode, StartError> {
    if let Command::Demo(demo) = arguments.command {
        return demo::run(demo).await;
    }
    let config = Config::load(arguments.config.as_deref()).map_err(|e| StartError(e.to_string()))?;
    match arguments.command {
        Command::Serve { role } => serve(&config, role).await,
        Command::Inspect(arguments) => inspect(&config, arguments).await,
        Command::Apply { file, dry_run, prune } => apply(&config, &file, dry_run, prune).await,
        Command::Check { section, json, lang } => look(&config, section.as_ref(), json, lang).await,
        Command::Operator { command } => operate(&config, &command).await,
        // What else is kept has no check of its own yet.
        Command::Verify { audit: _, noted, json } => verify(&config, noted.as_deref(), json).await,
        Command::Queue { json, command } => queue(&config, &command, json).await,
        Command::Demo(_) => Ok(ExitCode::SUCCESS),
    }
}

async fn serve(config: &Config, role: Option<serve::Role>) -> Result<ExitCode, StartError> {
    log::start(&config.log)?;
    let mut running = serve::start(config, role).await?;
    tracing::info!(
        http = running.http.map(tracing::field::display),
        starttls = running.starttls.map(tracing::field::display),
        tls = running.implicit.map(tracing::field::display),
        public_url = running.public_url,
        "ready"
    );
    let code = tokio::select! {
        () = asked_to_stop() => ExitCode::SUCCESS,
        () = running.failed() => {
            tracing::error!("a part ended by itself");
            ExitCode::FAILURE
        }
    };
    tracing::info!("stopping");
    running.stop().await;
    Ok(code)
}

/// SIGTERM, Ctrl-C, or the terminal's end.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let came = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = came(SignalKind::terminate()) => {}
        () = came(SignalKind::interrupt()) => {}
        () = came(SignalKind::hangup()) => {}
    }
}

async fn inspect(config: &Config, arguments: InspectArguments) -> Result<ExitCode, StartError> {
    let settings = match &arguments.section {
        Some(id) => section_settings(config, id).await?,
        None => Settings::default(),
    };
    let inspection = inspect::Inspection {
        settings,
        brand: config.brand.name.clone(),
        hostname: config.hostname(),
        rewrite: arguments.rewrite,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let ran = inspect::run(&arguments.paths, &inspection, |report| {
        if arguments.json {
            serde_json::to_writer(&mut out, report)?;
            out.write_all(b"\n")
        } else {
            writeln!(out, "{}", inspect::as_text(report))
        }
    });
    match ran.and_then(|()| out.flush()) {
        // Whoever reads us has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        ran => ran.map(|()| ExitCode::SUCCESS).at("inspect"),
    }
}

async fn section_settings(config: &Config, id: &SectionId) -> Result<Settings, StartError> {
    let ground = Ground::existing(config).await?;
    let section = ground.store.section(id).await.at("database")?;
    ground.store.close().await;
    section.map(|s| s.settings).ok_or_else(|| StartError(format!("there is no section {id}")))
}

async fn apply(config: &Config, file: &std::path::Path, dry_run: bool, prune: bool) -> Result<ExitCode, StartError> {
    let declared = apply::Declaration::read(file).map_err(|e| StartError(e.to_string()))?;
    let ground = if dry_run { Ground::existing(config).await? } else { Ground::open(config).await? };
    let now = Timestamp::now();
    let applied = apply::apply(&ground, &declared, prune, dry_run, now).await;
    let apply::Applied { declared, changes: mut lines, warnings } = applied.map_err(|e| StartError(e.to_string()))?;
    let astray = declared.own_domains_not_in(&config.own_domains().at("http.own_domains")?);
    let records = dkim_records(&ground, &declared, dry_run, &mut lines).await?;
    ground.store.close().await;
    let mut out = io::stdout().lock();
    if lines.is_empty() {
        lines.push("Nothing to change.".to_owned());
    }
    for line in lines {
        writeln!(out, "{line}").at("standard output")?;
    }
    for (name, value) in records {
        writeln!(out, "publish {name} TXT {}", txt(&value)).at("standard output")?;
    }
    for warning in warnings.into_iter().chain(astray) {
        writeln!(out, "{warning}").at("standard output")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A TXT record's value as a zone file takes it: strings of at most 255 octets, which readers put together (RFC 1035, 3.3.14;
/// RFC 6376, 3.6.2.2). The value is ASCII.
fn txt(value: &str) -> String {
    let strings: Vec<String> =
        value.as_bytes().chunks(255).map(|some| format!("\"{}\"", String::from_utf8_lossy(some))).collect();
    strings.join(" ")
}

/// Makes the DKIM keys that are declared and are not there yet, with a line in `lines` for each domain that gains some; gives the
/// records to publish, the installation's own included. With `dry_run` nothing is made, and there is nothing to publish yet.
async fn dkim_records(
    ground: &Ground,
    declared: &apply::Declaration,
    dry_run: bool,
    lines: &mut Vec<String>,
) -> Result<Vec<(String, String)>, StartError> {
    let now = Timestamp::now();
    let mut records = Vec::new();
    let by = By::command(&operator::who());
    for (section, key) in declared.dkim() {
        let line = format!("+ DKIM keys of {}", key.domain);
        let entry = by.did(section, Event::SettingsChanged, format!("dkim {}", key.domain), now).with("change", &line);
        if ground.store.dkim_keys(&key.domain).await.at("database")?.is_empty() {
            lines.push(line);
        }
        if !dry_run {
            let made = ground.keyring.make_domain_keys(section, &key.domain, &key.selector, &[entry], now).await;
            records.extend(made.at("dkim")?);
        }
    }
    if !dry_run {
        records.extend(ground.keyring.ensure_installation_keys(now).await.at("dkim")?);
    }
    Ok(records)
}

async fn look(
    config: &Config,
    section: Option<&SectionId>,
    json: bool,
    lang: Option<Lang>,
) -> Result<ExitCode, StartError> {
    let chapters = check::run(config, section).await?;
    let lang = lang.unwrap_or_else(language_of_the_environment);
    let said = if json { check::as_json(&chapters, lang) } else { check::as_text(&chapters, lang) };
    writeln!(io::stdout(), "{said}").at("standard output")?;
    Ok(if check::is_well(&chapters) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// As `setlocale` would: the first of these that is set.
fn language_of_the_environment() -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    if set.is_some_and(|locale| locale.starts_with("ja")) { Lang::Ja } else { Lang::En }
}

async fn operate(config: &Config, command: &operator::OperatorCommand) -> Result<ExitCode, StartError> {
    // The first operator may be made before anything else is.
    let ground = match command {
        operator::OperatorCommand::Add { .. } => Ground::open(config).await?,
        _ => Ground::existing(config).await?,
    };
    let exchange = parts::exchange(config, &ground, &config.public_url(), &Bells::default())?;
    let said = operator::run(&exchange, command, Timestamp::now()).await;
    ground.store.close().await;
    writeln!(io::stdout(), "{}", said.at("operator")?).at("standard output")?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(config: &Config, noted: Option<&std::path::Path>, json: bool) -> Result<ExitCode, StartError> {
    let ground = Ground::existing(config).await?;
    let said = verify::audit(&ground.store, noted, json).await;
    ground.store.close().await;
    let verify::Said { text, ok } = said?;
    writeln!(io::stdout(), "{text}").at("standard output")?;
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn queue(config: &Config, command: &queue::QueueCommand, json: bool) -> Result<ExitCode, StartError> {
    let ground = Ground::existing(config).await?;
    let exchange = parts::exchange(config, &ground, &config.public_url(), &Bells::default())?;
    let said = queue::run(&exchange, command, json, Timestamp::now()).await.at("database")?;
    // The exchange of this installation has taken back what it has.
    if config.exchange.url.is_some()
        && let Some((section, mail)) = &said.stopped
        && let Err(error) = take_back(config, &exchange, section, *mail).await
    {
        // The files are nobody's, and go when abandoned deposits go.
        tracing::warn!(%mail, %error, "what there is of its deposit could not be taken back");
    }
    ground.store.close().await;
    if !said.text.is_empty() {
        match writeln!(io::stdout(), "{}", said.text) {
            // Whoever reads us has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.at("standard output")?,
        }
    }
    Ok(if said.done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Takes back what an exchange elsewhere has of a mail's deposit, the way that the gateway takes.
async fn take_back(config: &Config, exchange: &Exchange, section: &SectionId, mail: MailId) -> Result<(), StartError> {
    let token = parts::process_token()?;
    let client = parts::api_client(config, parts::web(config, exchange, &token, None), &token)?;
    client.abort_by_key(section, mail).await.at("exchange")
}
