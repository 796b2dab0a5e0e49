//! An upload's memory does not grow with the file. Alone in its process, so that what is measured is the upload's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod served;

use bytes::Bytes;
use fubako_base::ids::{DepositId, MailId};
use futures::{StreamExt as _, stream};
use served::{Served, Way, wanted};

/// A field of `/proc/self/status`, in KiB.
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn begin(served: &Served) -> DepositId {
    served.client.begin(MailId::generate(), &wanted(&["a@b.example"], 1)).await.unwrap().id
}

async fn put(served: &Served, deposit: DepositId, mebibytes: u32) {
    // Each piece has memory of its own, as what comes from a spool has.
    let pieces =
        stream::iter(0..mebibytes * 16).map(|n| Ok(Bytes::from(vec![u8::try_from(n % 251).unwrap(); 64 << 10])));
    let file = served.client.put_file(deposit, 1, "a", "a/b", pieces.boxed()).await.unwrap();
    assert_eq!(file.size, u64::from(mebibytes) << 20);
}

// spec: MAIL-DEPOSIT, MAIL-SPEED
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_mebibytes_take_no_more_memory_than_one() {
    for way in [Way::InProcess, Way::Https] {
        let served = Served::new(way).await;
        put(&served, begin(&served).await, 1).await;
        // Begun before, since hashing its password takes 19 MiB for a moment.
        let deposit = begin(&served).await;
        // From here the peak counts afresh.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = status("VmRSS:");
        put(&served, deposit, 40).await;
        let grown = status("VmHWM:").saturating_sub(before);
        assert!(grown < 8 << 10, "{way:?}: the peak grew by {grown} KiB");
    }
}
