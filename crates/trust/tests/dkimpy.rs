//! Signatures of ours verified by another verifier, Python's dkimpy, and its signatures by ours. Skipped, saying so, where it is not installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr)]

mod common;
mod dns;

use std::{path::PathBuf, process::Command};

use common::{hard_mails, keys, sign};
use dns::World;
use fubako_base::Timestamp;
use fubako_trust::{
    PATIENCE,
    dkim::{DkimFailure, DkimOutcome, Verifier},
};

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

const SIGN: &str = r"
import sys, subprocess, base64, dkim, nacl.signing
folder, count = sys.argv[1], int(sys.argv[2])
def save(name, octets):
    open(folder + '/' + name, 'wb').write(octets)
def rsa(bits):
    pem = subprocess.run(['openssl', 'genrsa', '-traditional', str(bits)], check=True, capture_output=True).stdout
    der = subprocess.run(['openssl', 'rsa', '-pubout', '-outform', 'DER'], check=True, capture_output=True, input=pem).stdout
    return pem, base64.b64encode(der).decode()
ed = nacl.signing.SigningKey.generate()
keys = {'rsa%d' % bits: rsa(bits) for bits in (512, 1024, 2048)}
keys['ed'] = (base64.b64encode(bytes(ed)), base64.b64encode(bytes(ed.verify_key)).decode())
zone = ['%s._domainkey.example.jp TXT v=DKIM1; k=%s; p=%s' % (s, s.rstrip('0123456789') if s == 'ed' else 'rsa', k[1]) for s, k in keys.items()]
zone = [line.replace('k=ed;', 'k=ed25519;') for line in zone]
save('zone', '\n'.join(zone).encode())
for number in range(count):
    mail = open('%s/%d' % (folder, number), 'rb').read()
    for selector, (private, _) in keys.items():
        for header in (b'simple', b'relaxed'):
            for body in (b'simple', b'relaxed'):
                for length in (False, True):
                    field = dkim.sign(mail, selector.encode(), b'example.jp', private, canonicalize=(header, body), length=length,
                        signature_algorithm=b'ed25519-sha256' if selector == 'ed' else b'rsa-sha256')
                    save('%d.%s.%s.%s.%s' % (number, selector, header.decode(), body.decode(), length), field + mail)
";

// spec: RCV-DKIM
#[tokio::test]
async fn dkimpy_s_signatures_are_accepted() {
    let Some(python) = venv() else {
        eprintln!("SKIPPED: no Python with dkimpy (FUBAKO_TEST_VENV, or ~/.cache/fubako-test-tools/venv)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mails = hard_mails();
    for (number, (_, mail)) in mails.iter().enumerate() {
        let mut mail = mail.clone();
        if !mail.ends_with(b"\r\n") {
            mail.extend_from_slice(b"\r\n");
        }
        std::fs::write(folder.path().join(number.to_string()), mail).unwrap();
    }
    let output =
        Command::new(python).args(["-c", SIGN]).arg(folder.path()).arg(mails.len().to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let world = World::start(&std::fs::read_to_string(folder.path().join("zone")).unwrap()).await;
    let mut judged = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.contains('.') {
            continue;
        }
        let mail = std::fs::read(&path).unwrap();
        let judge = async |mail: &[u8]| {
            let mut verifier = Verifier::new();
            mail.chunks(333).for_each(|piece| verifier.write(piece));
            let hashed = verifier.finish().unwrap();
            hashed.verify(&world, Timestamp::now(), PATIENCE).await.signatures.remove(0).outcome
        };
        let wanted =
            if name.contains(".rsa512.") { DkimOutcome::Fail(DkimFailure::WeakKey) } else { DkimOutcome::Pass };
        assert_eq!(judge(&mail).await, wanted, "{name}");
        let appended = judge(&[&mail[..], b"!"].concat()).await;
        let uncovered = if name.ends_with("True") { DkimFailure::NotCovered } else { DkimFailure::BodyHash };
        assert_eq!(appended, DkimOutcome::Fail(uncovered), "{name}");
        judged += 1;
    }
    assert_eq!(judged, mails.len() * 4 * 4 * 2);
}
