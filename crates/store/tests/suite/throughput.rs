//! Not a test: durable transactions a second.

use std::time::{Duration, Instant};

use crate::{
    db::Db,
    make::{acme, mail},
};

pub(crate) async fn run(name: &str, db: Db) {
    acme(&db.store).await;
    for tasks in [1, 16, 64] {
        let (start, until) = (Instant::now(), Instant::now() + Duration::from_secs(3));
        let works = (0..tasks).map(|_| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let mut done = 0u32;
                while Instant::now() < until {
                    store.accept_mail(&mail()).await.unwrap();
                    done += 1;
                }
                done
            })
        });
        let done: u32 = futures::future::join_all(works).await.into_iter().map(Result::unwrap).sum();
        let rate = f64::from(done) / start.elapsed().as_secs_f64();
        eprintln!("{name}: accept_mail, {tasks} tasks: {rate:.0} a second");
    }
}
