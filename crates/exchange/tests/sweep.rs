//! The sweep: what nobody refers to goes, and nothing else does.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use fubako_exchange::sweep::SweepError;
use fubako_store::Store;
use fubako_testkit::{
    Clock, Ground,
    house::{House, NOON, deposit, noise, open, read},
};
use fubako_vault::{OwnError, Storage, Vault, keys::MasterKey};

/// Seconds after which a leftover may go.
const GRACE: i64 = 48 * 3600;

// spec: KEEP-DELETE
#[tokio::test]
async fn an_object_without_a_row_goes_after_two_days_and_one_with_a_row_stays() {
    let house = House::new().await;
    deposit(&house, &["hanako@example.jp"], &[("a", noise(100_000))]).await;
    let token = house.posted().await[0].token();
    let mut left = house.vault.create(&"acme".parse().unwrap()).await.unwrap();
    left.write(Bytes::from_static(b"written, and then the process died")).await.unwrap();
    left.finish().await.unwrap();
    assert_eq!(house.objects().len(), 2);

    // The storage has its own clock, which is the system's: only ours can be put forward.
    let now = fubako_base::Timestamp::now();
    assert_eq!(house.exchange.sweep(now.plus_seconds(GRACE - 60)).await.unwrap(), 0);
    assert_eq!(house.exchange.sweep(now.plus_seconds(GRACE + 60)).await.unwrap(), 1);
    assert_eq!(house.exchange.sweep(now.plus_seconds(GRACE + 60)).await.unwrap(), 0);
    assert_eq!(house.objects().len(), 1);
    let (_, opened) = open(&house, &token).await;
    assert_eq!(read(&house, &opened, 1, 0..u64::MAX).await, noise(100_000));
}

// spec: KEEP-DELETE
#[tokio::test]
async fn the_storage_of_another_installation_is_not_swept() {
    let house = House::new().await;
    deposit(&house, &["hanako@example.jp"], &[("a", noise(10))]).await;
    // Another database, over the storage and even with the master key of the first.
    let folder = Ground::new(Clock::at(NOON)).await.folder;
    let other = Store::open("sqlite:another.db", folder.path()).await.unwrap();
    let storage = Storage::open("file:files", house.folder.path(), &Default::default()).await.unwrap();
    let master = MasterKey::from_file(&house.folder.path().join("master.key")).unwrap();
    let theirs = Vault::new(storage, &master, std::sync::Arc::new(other.clone())).unwrap();
    house.exchange.sweep(house.now()).await.unwrap();
    let far = fubako_base::Timestamp::now().plus_seconds(1_000_000);
    let confused = house.exchange_over(other, theirs);
    let refused = confused.sweep(far).await;
    assert!(matches!(refused, Err(SweepError::Owner(OwnError::Other))), "{refused:?}");
    assert_eq!(house.objects().len(), 1);
}
