//! `docs/codes.md`, generated from the table of codes and its texts. Run with `FUBAKO_TEST_BLESS=1` to write it afresh.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use fubako_base::{
    Code, Lang,
    codes::{Ambiguity, Class},
    lang::text,
};

const HEAD: &str = "# コード一覧 / Codes

Generated from the code; a test fails when the two differ. Do not edit it by hand.

メールを止めたとき、送信者には通知が届きます。通知、ログ、`fubako queue`、`fubako inspect`、API は、同じコードを使います。
When a mail is stopped, its sender is sent a notice. Notice, log, `fubako queue`, `fubako inspect` and the API use the same codes.

| 扱い / class | 意味 | meaning |
| --- | --- | --- |
| stop | 届けません。送信者に通知します。 | Not delivered; the sender is told. |
| hold | 届けません。運営者が確認できるよう保留し、送信者に通知します。 | Not delivered, kept for a look; the sender is told. |
| retry | 繰り返し試みます。期限を過ぎたときは stop と同じです。 | Tried again with back-off; after the limit as stop. |
| files | メールは届いています。お預かりしたファイルはお渡しせずに削除し、送信者に通知します。 | The mail was delivered. The files kept of it are deleted and not handed over; the sender is told. |

";

const KINDS: &str = "原因の種類が分かるときは、次のいずれかになります(コードは同じです)。
Where the kind of cause is known, it is one of these (the code is the same):

";

fn told(page: &mut String, name: &str) {
    for lang in Lang::ALL {
        // The number stands for the section's own limit.
        let say = |id: String| text(lang, &id, &[("limit", "N".into())]);
        writeln!(page, "- {}  \n  → {}", say(format!("code-{name}")), say(format!("code-{name}-next"))).unwrap();
    }
    page.push('\n');
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for code in Code::ALL {
        let class = match code.class() {
            Class::Stop => "stop",
            Class::Hold => "hold",
            Class::Retry => "retry",
            Class::Files => "files",
        };
        writeln!(page, "## `{code}`\n\n{class} · spec {}\n", code.spec()).unwrap();
        told(&mut page, code.name());
        if *code == Code::Ambiguous {
            page.push_str(KINDS);
            let kinds = Ambiguity::ALL.into_iter().filter(|kind| *kind != Ambiguity::Structure);
            for kind in kinds {
                writeln!(page, "### `{code}`: {}\n", kind.text().trim_start_matches("ambiguous-")).unwrap();
                told(&mut page, kind.text());
            }
        }
    }
    page.trim_end().to_owned() + "\n"
}

// spec: 3.4 3.5 NOTICE
#[test]
fn the_page_of_codes_is_as_the_code_has_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/codes.md");
    if std::env::var_os("FUBAKO_TEST_BLESS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        page(),
        "docs/codes.md differs from the code: run `FUBAKO_TEST_BLESS=1 cargo test -p fubako codes` and commit it"
    );
}
