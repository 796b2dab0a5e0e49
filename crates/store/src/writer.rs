//! SQLite's one writer. A task owns the connection, takes the transactions that wait and commits as many as there are
//! together: while one commit waits for the disk, the next ones gather. Each caller hears only once the commit that has
//! its work is durable, and one that fails undoes only its own work.

use futures::{FutureExt as _, future::BoxFuture};
use sqlx::Connection as _;
use tokio::sync::{mpsc, oneshot};

use crate::{StoreError, pool::Work, tx::Tx};

/// Transactions that may share one commit.
const BATCH: usize = 64;
/// Transactions that may wait before callers wait to hand theirs in.
const WAITING: usize = 1024;

/// What the task is told.
enum Message {
    Work(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// One caller's transaction, with its way to answer.
trait Job: Send {
    /// Does the work and keeps its result; false when the work is to be undone.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Tells the caller: the result that was kept, or why nothing was committed.
    fn finish(self: Box<Self>, failure: Option<&str>);
}

struct Task<A, T> {
    args: A,
    work: Work<A, T>,
    result: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<A: Send + Sync, T: Send> Job for Task<A, T> {
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            // A panic in one caller's work must not take the writer from all the others.
            let result = std::panic::AssertUnwindSafe((self.work)(tx, &self.args)).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(StoreError::Database("the transaction panicked".into())));
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn finish(self: Box<Self>, failure: Option<&str>) {
        let result = match (failure, self.result) {
            (None, Some(result)) => result,
            (None, None) => Err(StoreError::Database("the transaction did not run".into())),
            (Some(failure), _) => Err(StoreError::Database(failure.into())),
        };
        // A caller who went away needs no answer.
        let _ = self.caller.send(result);
    }
}

/// The way to the writer's task.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Message>);

impl Writer {
    /// Starts the task on the present runtime.
    pub(crate) fn start(tx: Tx) -> Self {
        let (sender, messages) = mpsc::channel(WAITING);
        tokio::spawn(serve(tx, messages));
        Self(sender)
    }

    /// Runs one transaction. When this returns `Ok`, it is durable. Work that was handed in is done even when the
    /// caller goes away.
    pub(crate) async fn run<A, T>(&self, args: A, work: Work<A, T>) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Task { args, work, result: None, caller });
        self.0.send(Message::Work(job)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Ends the task after the work that is handed in already.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.0.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

fn closed() -> StoreError {
    StoreError::Database("the database is closed".into())
}

async fn serve(mut tx: Tx, mut messages: mpsc::Receiver<Message>) {
    let mut next = messages.recv().await;
    let mut told = None;
    while let Some(message) = next {
        next = match message {
            Message::Work(job) => match commit_together(&mut tx, job, &mut messages).await {
                Some(message) => Some(message),
                None => messages.recv().await,
            },
            Message::Close(done) => {
                messages.close();
                told = Some(done);
                messages.recv().await
            }
        };
    }
    if let Tx::Writer(conn) = tx
        && let Err(error) = conn.close().await
    {
        tracing::warn!(%error, "the database could not be closed well");
    }
    if let Some(done) = told {
        let _ = done.send(());
    }
}

/// Runs `first` and what waits behind it, and commits it all. Gives a message that was taken and is not work.
async fn commit_together(tx: &mut Tx, first: Box<dyn Job>, messages: &mut mpsc::Receiver<Message>) -> Option<Message> {
    if let Err(error) = tx.script("BEGIN IMMEDIATE").await {
        first.finish(Some(&error.to_string()));
        return None;
    }
    let (mut ran, mut job, mut left) = (Vec::new(), first, None);
    let end = loop {
        let end = run_one(tx, job.as_mut(), ran.is_empty()).await;
        ran.push(job);
        if end.is_some() || ran.len() == BATCH {
            break end.unwrap_or(End::Commit);
        }
        match messages.try_recv() {
            Ok(Message::Work(next)) => job = next,
            Ok(other) => {
                left = Some(other);
                break End::Commit;
            }
            Err(_) => break End::Commit,
        }
    };
    let failure = match end {
        End::Commit => match tx.script("COMMIT").await {
            Ok(()) => None,
            Err(error) => {
                // After some errors SQLite has rolled back by itself; then this one fails, and that is well.
                let _ = tx.script("ROLLBACK").await;
                Some(error.to_string())
            }
        },
        End::UndoneAlone => None,
        End::Broken(why) => Some(why),
    };
    for job in ran {
        job.finish(failure.as_deref());
    }
    left
}

/// How a batch ends.
enum End {
    Commit,
    /// The only transaction failed and was rolled back.
    UndoneAlone,
    /// The whole batch is lost.
    Broken(String),
}

/// Runs one transaction inside the open one; none when the batch can go on.
async fn run_one(tx: &mut Tx, job: &mut dyn Job, alone: bool) -> Option<End> {
    if alone {
        // The first needs no savepoint: when it fails, everything there is goes.
        if job.run(tx).await {
            return None;
        }
        return Some(
            tx.script("ROLLBACK").await.map_or_else(|error| End::Broken(error.to_string()), |()| End::UndoneAlone),
        );
    }
    if let Err(error) = tx.script("SAVEPOINT one").await {
        let _ = tx.script("ROLLBACK").await;
        return Some(End::Broken(error.to_string()));
    }
    let end = if job.run(tx).await { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
    if let Err(error) = tx.script(end).await {
        // A full or failing disk makes SQLite roll back all of it.
        let _ = tx.script("ROLLBACK").await;
        return Some(End::Broken(error.to_string()));
    }
    None
}
