//! A new deposit, and what was sent.

use fubako_base::ids::{AccountId, DepositId, LinkId, SectionId, UploadId};
use fubako_exchange::{
    deposit::DepositState,
    domain::{
        draft::{Draft, Fault as DraftFault},
        sent::{ExtendFault, Side},
    },
    sent::{Download, SentDeposit, SentFile, SentLine, SentLink, SentPage},
    uploads::{Upload, UploadFor},
};
use fubako_store::{
    deposits::{Deposit as StoredDeposit, Depositor},
    sent::Cancellation,
};
use fubako_web::pages::{Frame, account::Done, sending, sent};

use crate::{SENT, receive::files};

fn sent_deposit(state: DepositState) -> SentDeposit {
    let recipients = [
        "hanako.suzuki@example.co.jp",
        "jiro@a-very-long-domain-name-of-a-company.example.jp",
        "sato@example.com",
        "ito@example.com",
    ];
    let deposit = StoredDeposit {
        id: "0197f0a0-0000-7000-8000-000000000000".parse().unwrap_or_else(|_| DepositId::generate()),
        section: SectionId::installation(),
        key: String::new(),
        request_digest: vec![],
        state,
        depositor: Some(Depositor { login_id: "taro".to_owned(), member: None, as_default_user: false }),
        sender_address: "taro.yamada@sakura-kogyo.example.jp".to_owned(),
        sender_name: "山田 太郎".to_owned(),
        subject: "【御見積書】新社屋の空調設備について".to_owned(),
        lang: None,
        message: String::new(),
        by_person: false,
        sealed_password: None,
        access: fubako_base::section::Access::default(),
        password_hash: None,
        recipients: recipients.map(str::to_owned).to_vec(),
        file_count: 3,
        message_id: None,
        approval: None,
        created_at: SENT,
        sent_at: Some(SENT),
        expires_at: Some(SENT.end_of_day_counting(7, "Asia/Tokyo")),
    };
    let by = Cancellation { at: SENT.plus_seconds(5000), by: "kanri".to_owned() };
    let cancelled = (state == DepositState::Cancelled).then(|| by.clone());
    let took = |number, seconds, ended: bool| {
        let began_at = SENT.plus_seconds(seconds);
        let taken_by = (number > 1).then(|| "hanako.suzuki".to_owned());
        Download { number, began_at, ended_at: ended.then_some(began_at), taken_by }
    };
    let link = |n: usize, opened: bool, downloads| SentLink {
        id: LinkId::generate(),
        recipient: recipients[n].to_owned(),
        cancelled: (n == 3).then(|| by.clone()),
        opened_at: opened.then(|| SENT.plus_seconds(3600)),
        downloads,
    };
    let files = files().into_iter().map(|file| SentFile {
        number: file.number,
        name: file.name,
        media_type: file.media_type,
        size: file.size,
        unchecked: None,
    });
    SentDeposit {
        line: SentLine { deposit, cancelled, taken: 1 },
        files: files.collect(),
        links: vec![
            link(0, true, vec![took(1, 3700, true), took(2, 3720, true), took(3, 3800, true), took(1, 90_000, false)]),
            link(1, true, vec![took(2, 3720, true)]),
            link(2, false, vec![]),
            link(3, false, vec![]),
        ],
    }
}

/// The pages, each with a name for its file.
pub(crate) fn pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let all = [DepositState::Sent, DepositState::Cancelled, DepositState::Expired].map(sent_deposit);
    let page = SentPage { lines: all.iter().map(|sent| sent.line.clone()).collect(), more: true };
    let zone = "Asia/Tokyo";
    let list = |side, base, page| sent::List { side, base, search: "", first: true, page, zone };
    let none = SentPage { lines: vec![], more: false };
    let extension = |refused| Some(sent::Extension { latest: SENT.end_of_day_counting(30, zone), refused });
    let one = |at: usize, extension, done| {
        let one = sent::One {
            side: Side::Own,
            base: "/sent",
            sent: &all[at],
            extension,
            password: Some("aB3-xyzQ+7mN_k2"),
            form_key: "k",
            zone,
            done,
        };
        sent::one(frame, &one, SENT)
    };
    let ask = |link| sent::ask(frame, &sent::Ask { base: "/sent", sent: &all[0], link, form_key: "k" });
    vec![
        ("sent-list", sent::list(frame, &list(Side::Own, "/sent", &page), SENT)),
        ("sent-list-none", sent::list(frame, &list(Side::Own, "/sent", &none), SENT)),
        ("sent-list-section", sent::list(frame, &list(Side::Section, "/section/deposits", &page), SENT)),
        ("sent-one", one(0, extension(None), None)),
        ("sent-one-late", one(0, extension(Some(("2027-01-01", ExtendFault::TooLate))), None)),
        ("sent-one-cancelled", one(1, None, Some(Done::DepositCancelled))),
        ("sent-ask", ask(None).unwrap_or_default()),
        ("sent-ask-one", ask(Some(all[0].links[2].id)).unwrap_or_default()),
    ]
}

/// The form of a new deposit, each with a name for its file.
pub(crate) fn sending_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let upload = |name: &str, length: u64, received: u64| Upload {
        id: UploadId::generate(),
        section: SectionId::installation(),
        wanted: UploadFor::Draft { account: AccountId::generate(), draft: String::new() },
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        length: Some(length),
        received,
        touched_at: SENT,
    };
    let uploads =
        [upload("御見積書_空調設備一式_2026年11月.pdf", 1_843_201, 1_843_201), upload("図面.zip", 2 << 30, 1 << 30)];
    let entered = Draft {
        recipients: "hanako.suzuki@example.co.jp\nnobody".to_owned(),
        subject: "【御見積書】新社屋の空調設備について".to_owned(),
        message: "お世話になっております。\n見積書をお送りします。".to_owned(),
    };
    let faults = [
        DraftFault::RecipientMalformed("nobody".to_owned()),
        DraftFault::SubjectTooLong(10),
        DraftFault::FileNotWhole("図面.zip".to_owned()),
    ];
    let empty = Draft::default();
    let form = |entered, uploads, faults, busy| {
        let form = sending::NewForm {
            form_key: "k",
            draft: "d",
            entered,
            lang: None,
            uploads,
            largest: 2 << 30,
            most_files: 20,
            access: fubako_base::section::Access::default(),
            faults,
            busy,
        };
        sending::new(frame, &form)
    };
    vec![
        ("sent-new", form(&empty, &[], &[], false)),
        ("sent-new-filled", form(&entered, &uploads, &[], true)),
        ("sent-new-faults", form(&entered, &uploads, &faults, false)),
    ]
}
