//! The machine and the process, for whoever looks at the installation's health (spec X-OPERATOR).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use fubako_base::Timestamp;
use fubako_exchange::{
    domain::health::{Certificate, Disk},
    health::Machine,
};
use fubako_web::Sight;

use crate::tls::Shown;

/// Looks at the process that starts now, and at the disk that `data_dir` lies on, whenever it is asked.
pub fn sight(data_dir: PathBuf, shown: Arc<Shown>) -> Sight {
    let started_at = Timestamp::now();
    let version = env!("CARGO_PKG_VERSION");
    let machine = move || Machine { version: version.to_owned(), started_at, certificate: certificate(&shown) };
    Sight { machine: Arc::new(machine), disk: Arc::new(move || disk(&data_dir)) }
}

/// What `df` says: of the free octets those that are not kept for root.
fn disk(folder: &Path) -> Option<Disk> {
    let found = rustix::fs::statvfs(folder).ok()?;
    let octets = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(Disk { free: octets(found.f_bavail), total: octets(found.f_blocks) })
}

/// The certificate that listeners show at this time; none where its times cannot be read.
fn certificate(shown: &Shown) -> Option<Certificate> {
    let (times, self_signed) = shown.times();
    let (begins, ends) = times?;
    Some(Certificate { begins_at: moment(begins)?, ends_at: moment(ends)?, self_signed })
}

fn moment(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tls::Identity;

    /// A certificate in files, as somebody has it who renews theirs.
    fn renewed(folder: &Path, year: i32) -> Identity {
        let mut parameters = rcgen::CertificateParams::new(vec!["files.example".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(year, 3, 14);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let (at, key_at) = (folder.join("certificate.pem"), folder.join("key.pem"));
        std::fs::write(&at, certificate.pem()).unwrap();
        std::fs::write(&key_at, key.serialize_pem()).unwrap();
        Identity::read(&at, &key_at).unwrap()
    }

    // spec: X-OPERATOR RUN-SETUP
    #[test]
    fn the_certificate_is_the_one_that_is_shown_now() {
        crate::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        let own = Identity::load(None, folder.path(), "files.example").unwrap();
        let shown = Arc::new(Shown::new(&own).unwrap());
        let Sight { machine, disk } = sight(folder.path().to_owned(), Arc::clone(&shown));
        assert!(machine().certificate.unwrap().self_signed);
        for year in [2027, 2050, 9999] {
            shown.replace(&renewed(folder.path(), year)).unwrap();
            let at = |text: &str| Timestamp::from_rfc3339(text).unwrap();
            let wanted = Certificate {
                begins_at: at("2026-01-01T00:00:00Z"),
                ends_at: at(&format!("{year}-03-14T00:00:00Z")),
                self_signed: false,
            };
            assert_eq!(machine().certificate, Some(wanted));
        }
        assert!(disk().is_some() && !machine().version.is_empty());
    }

    // spec: X-OPERATOR
    #[test]
    fn the_disk_of_a_folder_is_looked_at() {
        let found = disk(&std::env::temp_dir()).unwrap();
        assert!(found.total > 0 && found.free <= found.total, "{found:?}");
        assert_eq!(disk(Path::new("/there/is/no/such/folder")), None);
    }
}
