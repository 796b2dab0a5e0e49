//! The approver's pages.

use fubako_exchange::domain::approval::Standing;
use fubako_web::pages::{
    Frame,
    account::Done,
    approvals::{self, Detail, Fault, Line, Queue},
};

use crate::{SENT, receive::files};

/// The pages, each with a name for its file.
pub(crate) fn pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let line = |id: &str, standing: Standing| Line {
        id: id.to_owned(),
        sender_name: "山田 太郎".to_owned(),
        sender_address: "taro.yamada@sakura-kogyo.example.jp".to_owned(),
        subject: "御見積書のご送付(空調設備一式)".to_owned(),
        recipient_count: 3,
        file_count: 3,
        asked_at: SENT,
        decide_by: SENT.plus_seconds(7 * 86_400),
        decided_at: (!matches!(standing, Standing::Undecided(_))).then_some(SENT),
        decided_by: matches!(standing, Standing::Approved | Standing::Rejected).then(|| "佐藤 花子".to_owned()),
        standing,
    };
    let open = || Standing::Undecided(SENT.plus_seconds(7 * 86_400));
    let detail = |standing: Standing, fault| Detail {
        path: "/approvals/x".to_owned(),
        files: if matches!(standing, Standing::Undecided(_)) { files() } else { vec![] },
        reason: (standing == Standing::Rejected)
            .then(|| "見積書の日付が違います。\n先方の担当者は田中様です。".to_owned()),
        line: line("x", standing),
        message: "お世話になっております。\n御見積書をお送りします。".to_owned(),
        recipients: ["hanako.suzuki", "keiri", "a-rather-long-local-part.of.an-address"]
            .map(|local| format!("{local}@customer.example.co.jp"))
            .to_vec(),
        typed: String::new(),
        fault,
        time_zone: "Asia/Tokyo".to_owned(),
        form_key: "k".to_owned(),
    };
    let queue = |waiting: Vec<Line>, decided: Vec<Line>, done| {
        let queue = Queue { waiting, decided, time_zone: "Asia/Tokyo".to_owned(), done };
        approvals::queue(frame, &queue, SENT)
    };
    let waiting = vec![line("x", open()), Line { subject: String::new(), ..line("y", open()) }];
    let decided = vec![line("z", Standing::Approved), line("w", Standing::Rejected)];
    vec![
        ("approvals", queue(waiting, decided, Some(Done::Approved))),
        ("approvals-none", queue(vec![], vec![], None)),
        ("approval", approvals::detail(frame, &detail(open(), None), SENT)),
        ("approval-no-reason", approvals::detail(frame, &detail(open(), Some(Fault::Reason)), SENT)),
        ("approval-already", approvals::detail(frame, &detail(Standing::Rejected, Some(Fault::TooLate)), SENT)),
        ("approval-late", approvals::detail(frame, &detail(Standing::TooLate, None), SENT)),
    ]
}
