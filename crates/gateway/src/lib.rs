//! The mail gateway: receive, spool, read, deposit, compose, sign, queue.
