//! `fubako demo`: the main job on embedded defaults with nothing configured (spec 7).
//!
//! ```text
//!  start everything in a temporary folder ─► for each mail:
//!    send by SMTP with STARTTLS ─► wait for the relayed mail and the deposit notice
//!    ─► open the link ─► prove ─► download ─► compare SHA-256
//! ```
//! Everything a person or another machine would do is done here over real sockets. What the gateway decided is read from its
//! database; the rest comes from the inside nowhere.

mod letter;
mod mailbox;
mod names;
mod page;
mod recipient;
mod report;
mod sender;
mod story;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use fubako_base::{Lang, Timestamp, lang::text};
use fubako_exchange::{Exchange, audit::By};
use fubako_store::mails::{Mail, MailState};
use tokio::{net::TcpListener, sync::watch};

use self::{
    letter::Letter,
    mailbox::{Arrived, Mailbox},
    names::Names,
    recipient::Recipient,
    report::{FileReport, MailReport, Report},
    sender::{Outbound, Sent},
    story::Story,
};
use crate::{
    apply::{self, Declaration},
    config::Config,
    http::{self, Site},
    inspect, operator,
    parts::{self, At as _, Bells, StartError},
    serve::{self, Running},
};

/// The mail that is sent where none is given.
const SAMPLE: &[u8] = include_bytes!("../../assets/demo/sample.eml");
/// How long the demo waits for what must come.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it looks whether the gateway has decided.
const LOOK: Duration = Duration::from_millis(50);

/// The demo's options.
#[derive(clap::Args)]
pub struct DemoArguments {
    /// Ends when the files are compared, instead of staying with the recipient's mailbox
    #[arg(long)]
    once: bool,
    /// One JSON object on standard output at the end
    #[arg(long)]
    json: bool,
    /// A mail to send, in the place of the sample; may be given several times
    #[arg(long, value_name = "F.eml")]
    mail: Vec<PathBuf>,
}

/// A link with its file password.
type Key = (String, String);

/// Everything that runs for the demo.
struct Stage {
    running: Running,
    exchange: Exchange,
    mailbox: Mailbox,
    folder: PathBuf,
    stop: watch::Sender<bool>,
    post: tokio::task::JoinHandle<()>,
    names: tokio::task::JoinHandle<()>,
}

/// Runs the demo. Exit code 0 only if every file came through identical.
///
/// # Errors
/// [`StartError`] when it cannot even begin.
pub async fn run(arguments: DemoArguments) -> Result<ExitCode, StartError> {
    let story = Story::new(false);
    let folder = tempfile::Builder::new().prefix("fubako-demo-").tempdir().at("a temporary folder")?;
    let played = tokio::select! {
        // First, so that a signal is listened for before there is anything in the folder.
        biased;
        () = crate::asked_to_stop() => Ok(ExitCode::FAILURE),
        played = play(&arguments, folder.path(), &story) => match played {
            Ok((stage, report, links)) => show(&arguments, stage, &report, &links, &story).await,
            Err(error) => Err(error),
        },
    };
    remove(&folder).await;
    played
}

/// Removes the folder. Work that was broken off may still write into it from other threads for a moment.
async fn remove(folder: &tempfile::TempDir) {
    for _ in 0..50 {
        if let Err(error) = std::fs::remove_dir_all(folder.path())
            && error.kind() == io::ErrorKind::NotFound
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

/// What is said when all mails have had their way; without `--once`, until Ctrl-C.
async fn show(
    arguments: &DemoArguments,
    stage: Stage,
    report: &Report,
    links: &[Key],
    story: &Story,
) -> Result<ExitCode, StartError> {
    if arguments.json {
        let line = serde_json::to_string(report).at("report")?;
        writeln!(io::stdout(), "{line}").at("standard output")?;
    }
    if arguments.once {
        for (link, password) in links {
            story.note(&format!("link      {link}"));
            story.note(&format!("password  {password}"));
        }
        stage.strike().await;
    } else {
        stage.stay(story, links).await?;
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The main job, mail by mail: what came of it, and the links with their passwords.
async fn play(
    arguments: &DemoArguments,
    folder: &Path,
    story: &Story,
) -> Result<(Stage, Report, Vec<Key>), StartError> {
    let mails = mails(&arguments.mail)?;
    let began = Instant::now();

    story.chapter("Fubako demo: a mail with attachments, from its sender to verified downloads");
    story.begin("starting gateway, exchange, DNS and a mailbox on free loopback ports");
    let stage = Stage::set(folder, &mails).await?;
    story.done("gateway, exchange, DNS and a mailbox are running");
    story.note(&format!("data      {}", stage.folder.display()));
    story.note(&format!("SMTP      {} (STARTTLS)", shown(stage.running.starttls)));
    story.note(&format!("pages     {}", stage.running.public_url));

    let mut report = Report { ok: true, mails: Vec::new() };
    let mut links = Vec::new();
    for mail in &mails {
        let (one, link) = stage.walk(mail, &report.mails, story).await;
        report.ok &= one.ok;
        report.mails.push(one);
        links.extend(link);
    }
    if report.ok {
        story.chapter(&format!("Every file came back identical. ({:.1} s)", began.elapsed().as_secs_f64()));
    } else {
        story.chapter("NOT every file came back identical: see the steps marked ✗.");
    }
    Ok((stage, report, links))
}

fn shown(address: Option<std::net::SocketAddr>) -> String {
    address.map_or_else(|| "-".to_owned(), |a| a.to_string())
}

fn mails(given: &[PathBuf]) -> Result<Vec<Outbound>, StartError> {
    if given.is_empty() {
        return Ok(vec![Outbound::new("sample.eml", SAMPLE)]);
    }
    let read = |path: &PathBuf| {
        let octets = std::fs::read(path).at(&path.display().to_string())?;
        Ok(Outbound::new(&path.display().to_string(), &octets))
    };
    given.iter().map(read).collect()
}

impl Stage {
    /// Starts the mailbox, then everything else around it, with a sample section for the mails' senders.
    async fn set(folder: &Path, mails: &[Outbound]) -> Result<Self, StartError> {
        let (stop, stopped) = watch::channel(false);
        let listener = TcpListener::bind("127.0.0.1:0").await.at("mailbox")?;
        let smarthost = listener.local_addr().at("mailbox")?;
        let mailbox = Mailbox::default();
        let post = tokio::spawn({
            let mailbox = mailbox.clone();
            let stopped = stopped.clone();
            async move { mailbox.serve(listener, stopped).await }
        });
        let domains = domains(mails);
        let names = Names::bind(&domains).await.at("DNS")?;
        let config = config(folder, &smarthost.to_string(), &names.address().at("DNS")?.to_string());
        let names = tokio::spawn(names.serve(stopped));
        let running = serve::start(&config, None).await?;
        let declared = Declaration::parse(&declaration(domains)).map_err(StartError)?;
        apply::apply(&running.ground, &declared, false, false, Timestamp::now())
            .await
            .map_err(|e| StartError(e.to_string()))?;
        let exchange = parts::exchange(&config, &running.ground, &running.public_url, &Bells::default())?;
        Ok(Self { running, exchange, mailbox, folder: folder.to_path_buf(), stop, post, names })
    }

    /// Stops everything.
    async fn strike(self) {
        self.running.stop().await;
        let _ = self.stop.send(true);
        let _ = self.post.await;
        let _ = self.names.await;
    }

    /// One mail's whole way. `before` are the mails before it.
    async fn walk(&self, mail: &Outbound, before: &[MailReport], story: &Story) -> (MailReport, Option<Key>) {
        let began = Instant::now();
        let mut report = MailReport::of(mail);
        story.chapter(&mail.title());
        let walked = self.steps(mail, before, &mut report, story).await;
        report.seconds = began.elapsed().as_secs_f64();
        match walked {
            Ok(link) => (report, link),
            Err(reason) => {
                story.failed(&reason);
                report.ok = false;
                (report, None)
            }
        }
    }

    async fn steps(
        &self,
        mail: &Outbound,
        before: &[MailReport],
        report: &mut MailReport,
        story: &Story,
    ) -> Result<Option<Key>, String> {
        let arrived_before = self.mailbox.len();
        report.sends(&self.inspected(mail)?);

        story.begin("sending by SMTP with STARTTLS");
        let sent = mail.send(self.running.starttls, &self.running.identity).await?;
        report.id = Some(sent.id);
        let domain = mail.domain().unwrap_or_default();
        story.done(&format!("SPF of {domain} lets this host send: accepted: {}", sent.reply));
        if let Some(first) = before.iter().find(|mail| mail.id == report.id) {
            report.repeats(first);
            if !first.ok {
                return Err("the same mail as above: it was handled once, with that outcome".to_owned());
            }
            story.done("the same mail as above: it was handled once, and nobody gets it twice");
            return Ok(None);
        }

        story.begin("waiting for what the gateway makes of it");
        let handled = self.decided(&sent, report).await?;
        let copies = match report.decision {
            "relay" => handled.accepted.recipients.len(),
            "deposit" => 2 * handled.accepted.recipients.len(),
            _ => 1,
        };
        let arrived = self.mailbox.wait(arrived_before, PATIENCE, |arrived| deliveries(arrived) >= copies).await;
        if matches!(report.decision, "stop" | "hold") {
            return self.told(&arrived, report, story);
        }
        let relayed = find_relayed(&arrived, &sent).ok_or("the relayed mail did not arrive in time")?;
        report.relayed = true;
        let letter = Letter::read(&relayed.octets);
        story.done(&format!(
            "relayed to {}, {} octets, {} DKIM signatures, {} files in it",
            relayed.to.join(", "),
            relayed.octets.len(),
            letter.signatures,
            letter.files.len()
        ));
        if report.decision == "relay" {
            story.done("nothing to take off: the mail went on as it was");
            report.ok = true;
            return Ok(None);
        }
        self.fetch(&arrived, &letter, report, story).await.map(Some)
    }

    /// Waits until the gateway has decided on the mail, and puts the decision and its codes into the report.
    async fn decided(&self, sent: &Sent, report: &mut MailReport) -> Result<Mail, String> {
        let (store, until) = (&self.running.ground.store, Instant::now() + PATIENCE);
        loop {
            let mail = store.mail(sent.id).await.map_err(|e| e.to_string())?;
            let mail = mail.ok_or("the gateway does not know the mail that it accepted")?;
            report.decision = match mail.state {
                MailState::Stopped => "stop",
                MailState::Received | MailState::Held => "hold",
                MailState::Relaying | MailState::Settled if mail.deposit.is_some() => "deposit",
                MailState::Relaying | MailState::Settled => "relay",
            };
            if mail.state != MailState::Received {
                let codes = store.mail_codes(sent.id).await.map_err(|e| e.to_string())?;
                report.codes = codes.iter().map(|code| code.name()).collect();
                return Ok(mail);
            }
            if Instant::now() > until {
                report.codes = mail.last_code.iter().map(|code| code.name()).collect();
                return Err(format!("the gateway is still trying ({})", report.codes.join(", ")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A stopped mail: its sender has the notice, and the files did not come through.
    fn told(&self, arrived: &[Arrived], report: &MailReport, story: &Story) -> Result<Option<Key>, String> {
        let notice = arrived.first().ok_or("the notice to the sender did not arrive in time")?;
        let letter = Letter::read(&notice.octets);
        let (done, codes) = (if report.decision == "hold" { "held" } else { "stopped" }, report.codes.join(", "));
        story.done(&format!("{done} ({codes}): its sender was told: {}", letter.subject));
        // A mail that did not come through is no success.
        Err(format!("the mail was {done}, so it did not come through"))
    }

    /// What the recipient does with the deposit notice.
    async fn fetch(
        &self,
        arrived: &[Arrived],
        letter: &Letter,
        report: &mut MailReport,
        story: &Story,
    ) -> Result<Key, String> {
        let base = format!("{}/d/", self.running.public_url);
        let link = arrived.iter().flat_map(|m| Letter::read(&m.octets).bodies).find_map(|b| link_in(&b.text, &base));
        let link = link.ok_or("no deposit notice with a link arrived in time")?;
        report.deposit_notice_url = Some(link.clone());
        story.done("the deposit notice came, with a link");

        story.begin("opening the link and typing the password");
        let mut recipient = Recipient::open(&link).await.map_err(|e| e.to_string())?;
        let password = prove(&mut recipient, letter).await?;
        story.done("the link opens with the file password");
        for (number, file) in (1..).zip(&mut report.files) {
            story.begin(&format!("downloading {}", file.name));
            let came = recipient.download(number).await.map_err(|e| format!("{}: {e}", file.name))?;
            file.sha256_downloaded = Some(came.sha256);
            let line = format!("{}  {} octets  SHA-256 {}…", file.name, came.size, &file.sha256_sent[..16]);
            if file.is_identical() {
                story.done(&format!("{line} identical"));
            } else {
                story.failed(&format!("{line} DIFFERENT"));
            }
        }
        report.ok = report.files.iter().all(FileReport::is_identical);
        Ok((link, password))
    }

    /// What `inspect` says of the mail: the files' digests as they are sent.
    fn inspected(&self, mail: &Outbound) -> Result<inspect::Report, String> {
        let path = self.folder.join("sent.eml");
        std::fs::write(&path, &mail.octets).map_err(|e| e.to_string())?;
        let inspection = inspect::Inspection {
            settings: fubako_base::section::Settings::default(),
            brand: String::new(),
            hostname: String::new(),
            rewrite: None,
        };
        inspect::one(&path, Path::new("sent.eml"), &inspection).map_err(|e| e.to_string())
    }

    /// Stays until Ctrl-C, with a page that shows the recipient's mailbox.
    async fn stay(self, story: &Story, links: &[Key]) -> Result<(), StartError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.at("mailbox page")?;
        let address = listener.local_addr().at("mailbox page")?;
        let site = Site { router: page::router(self.mailbox.clone()), tls: None, proxies: Vec::new() };
        let served = tokio::spawn(http::serve(listener, site, self.stop.subscribe()));
        story.chapter("Now walk the recipient's way by hand:");
        story.note(&format!("the recipient's mailbox   http://{address}/"));
        for (link, password) in links {
            story.note(&format!("the download page         {link}"));
            story.note(&format!("its file password         {password}"));
        }
        story.note(&format!(
            "send mails of your own to {} (STARTTLS) from an address of a section's domain (.example)",
            shown(self.running.starttls)
        ));
        story.chapter("And the others' screens: sections, users, approval, what was sent:");
        let by = By::command(&operator::who());
        let invited = self.exchange.add_operator("operator", "operator@fubako.example", &by, Timestamp::now()).await;
        let invitation = invited.map_err(|e| StartError(e.to_string()))?;
        story.note(&format!("become the operator       {}", invitation.link));
        story.note("  (choose a password there, and sign in as \"operator\"; whoever you invite finds the mail in the mailbox)");
        story.note("Ctrl-C ends the demo and removes its folder.");
        crate::asked_to_stop().await;
        self.strike().await;
        let _ = served.await;
        Ok(())
    }
}

fn config(folder: &Path, smarthost: &str, dns: &str) -> Config {
    let mut config = Config::default();
    config.data_dir.0 = folder.join("var");
    "127.0.0.1:0".clone_into(&mut config.http.listen);
    "127.0.0.1:0".clone_into(&mut config.smtp.starttls.listen);
    "127.0.0.1:0".clone_into(&mut config.smtp.tls.listen);
    config.smtp.hostname = Some("fubako.localhost".to_owned());
    config.smtp.max_mail_size = 256 << 20;
    config.relay.smarthost = Some(smarthost.to_owned());
    config.dns.servers = vec![dns.to_owned()];
    config
}

/// The domains that the mails come from.
fn domains(mails: &[Outbound]) -> Vec<String> {
    let mut domains: Vec<String> = mails.iter().filter_map(Outbound::domain).collect();
    domains.sort();
    domains.dedup();
    domains
}

/// A sample section that has registered the domains that the mails come from.
fn declaration(domains: Vec<String>) -> String {
    let section = toml::toml! {
        id = "sample"
        name = "文箱商事"
        mail_link = true
        autopilot = true
        [[group]]
        name = "メール連携"
        mail_link = true
        [[user]]
        login_id = "mail-link"
        address = "mail-link@fubako.localhost"
        name = "メール連携用デフォルトユーザ"
        group = "メール連携"
        default_user = true
    };
    let mut table = section;
    table.insert("domains".to_owned(), domains.into());
    let mut file = toml::Table::new();
    file.insert("section".to_owned(), toml::Value::Array(vec![table.into()]));
    file.to_string()
}

/// Recipients served so far: a mail for several may arrive in one transaction or in several.
fn deliveries(arrived: &[Arrived]) -> usize {
    arrived.iter().map(|mail| mail.to.len()).sum()
}

/// The relayed mail among what arrived: it keeps its Message-ID, or has the id that the gateway answered.
fn find_relayed<'a>(arrived: &'a [Arrived], sent: &Sent) -> Option<&'a Arrived> {
    arrived.iter().find(|mail| Letter::read(&mail.octets).message_id.as_deref() == Some(sent.message_id.as_str()))
}

/// The first address under `base` in a text.
fn link_in(words: &str, base: &str) -> Option<String> {
    let at = words.find(base)?;
    let link: String = words[at..].chars().take_while(|c| !c.is_whitespace() && !"<>\"'".contains(*c)).collect();
    (link.len() > base.len()).then_some(link)
}

/// Proves with the password that the notice in the mail shows. A mail that quotes an earlier one may show that one's too: the notice
/// stands at the end, or else at the top.
async fn prove(recipient: &mut Recipient, letter: &Letter) -> Result<String, String> {
    let passwords = passwords_in(&letter.words());
    let mut wrong = "the file password is not in the relayed mail".to_owned();
    for password in [passwords.last(), passwords.first()].into_iter().flatten() {
        match recipient.prove(password).await {
            Ok(()) => return Ok(password.clone()),
            Err(error) => wrong = error.to_string(),
        }
    }
    Err(wrong)
}

/// The file passwords as notices show them: what stands after their labels.
fn passwords_in(words: &str) -> Vec<String> {
    let mut labels: Vec<(usize, &str)> = Vec::new();
    let names = Lang::ALL.map(|lang| text(lang, "mail-notice-password", &[]));
    for name in &names {
        labels.extend(words.match_indices(name.as_str()));
    }
    labels.sort_unstable();
    let password = |(at, label): (usize, &str)| {
        let rest = words[at + label.len()..].trim_start_matches([':', '\u{ff1a}', ' ', '\r', '\n', '\t', '\u{3000}']);
        let password: String = rest.chars().take_while(char::is_ascii_graphic).collect();
        (password.len() == fubako_base::secret::FilePassword::LENGTH).then_some(password)
    };
    labels.into_iter().filter_map(password).collect()
}
