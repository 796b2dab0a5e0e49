//! Signatures verified by another verifier: Python's dkimpy. Skipped, saying so, where it is not installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::{path::PathBuf, process::Command};

use common::{hard_mails, keys, sign};

const VERIFY: &str = r"
import sys, dkim
folder, count = sys.argv[1], int(sys.argv[2])
records = dict(line.split('\t', 1) for line in open(folder + '/records', encoding='ascii').read().splitlines())
def look_up(name, timeout=5):
    return records[name.decode().rstrip('.')].encode()
for number in range(count):
    mail = open('%s/%d' % (folder, number), 'rb').read()
    for index in (0, 1):
        good = dkim.DKIM(mail).verify(idx=index, dnsfunc=look_up)
        print(number, index, 'pass' if good else 'FAIL')
    try:
        changed = dkim.DKIM(mail + b'!').verify(idx=0, dnsfunc=look_up)
    except dkim.ValidationError:
        changed = False
    print(number, 'changed', 'FAIL' if changed else 'pass')
";

fn venv() -> Option<PathBuf> {
    let given = std::env::var_os("FUBAKO_TEST_VENV").map(PathBuf::from);
    let usual = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/fubako-test-tools/venv"));
    given.or(usual).map(|venv| venv.join("bin/python3")).filter(|python| python.exists())
}

// spec: MAIL-SIGN
#[test]
fn dkimpy_accepts_both_signatures() {
    let Some(python) = venv() else {
        eprintln!("SKIPPED: no Python with dkimpy (FUBAKO_TEST_VENV, or ~/.cache/fubako-test-tools/venv)");
        return;
    };
    let keys = keys();
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<String> = keys.iter().map(|key| key.dns_record()).map(|(n, v)| format!("{n}\t{v}")).collect();
    std::fs::write(folder.path().join("records"), records.join("\n")).unwrap();
    let mails = hard_mails();
    for (number, (_, mail)) in mails.iter().enumerate() {
        let mut signed = sign(&keys, mail, 977);
        // As SMTP delivers it (RFC 5321, 4.1.1.4): the data ends with a line end.
        if !signed.ends_with(b"\r\n") {
            signed.extend_from_slice(b"\r\n");
        }
        std::fs::write(folder.path().join(number.to_string()), signed).unwrap();
    }
    let output =
        Command::new(python).args(["-c", VERIFY]).arg(folder.path()).arg(mails.len().to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.ends_with(" pass")).count(), mails.len() * 3, "{said}");
}
