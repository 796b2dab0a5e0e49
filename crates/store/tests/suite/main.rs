//! One suite over both databases: every case runs on SQLite, as a test of its own, and on a private PostgreSQL server, all in
//! the test `postgres` (one server for all, a database for each).
//!
//! PostgreSQL's programs are looked for in `PATH` and `/usr/lib/postgresql/*/bin`. Without them the test fails;
//! `FUBAKO_TEST_SKIP_PG=1` leaves it out, and `FUBAKO_TEST_PG_CASES=races` runs only the cases with that in their name there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod accept;
mod accounts;
mod announcements;
mod api_tokens;
mod approval;
mod audit;
mod codes;
mod contracts;
mod db;
mod deposits;
mod durability;
mod links;
mod maintenance;
mod make;
mod migrations;
mod news;
mod outbox;
mod postgres;
mod queue;
mod races;
mod schema;
mod second_factor;
mod sections;
mod sent;
mod settle;
mod sts;
mod throughput;
mod uploads;
mod usage;

use std::future::Future;

use db::Db;
use futures::{StreamExt as _, future::BoxFuture};

type Case = (&'static str, fn(Db) -> BoxFuture<'static, ()>);

macro_rules! suite {
    ($($module:ident { $($case:ident)* })*) => {
        const CASES: &[Case] = &[$($(
            (concat!(stringify!($module), "::", stringify!($case)), |db| Box::pin($module::$case(db))),
        )*)*];

        mod sqlite {$(
            mod $module {$(
                #[test]
                fn $case() {
                    crate::on_runtime(async { crate::$module::$case(crate::Db::sqlite().await).await });
                }
            )*}
        )*}
    };
}

suite! {
    sections {
        a_section_is_kept_whole
        a_section_has_a_secret_and_neighbours
        a_domain_belongs_to_one_section
        the_order_of_changes_does_not_matter
        all_changes_or_none
        an_address_is_one_user_s
        a_rehearsal_refuses_what_would_be_refused_and_keeps_nothing
        of_two_who_decide_by_the_same_one_is_done
        there_is_one_mail_link_group_and_one_default_user
        addresses_are_compared_without_case
        a_sender_s_accounts_are_those_of_the_section
        the_first_section_key_stays
        a_domain_has_one_dkim_key_an_algorithm
        settings_of_a_newer_node_are_read
    }
    contracts {
        what_there_is_of_sections_is_counted
        domains_are_found_with_whose_they_are
        domains_above_and_below_other_sections_are_found
        of_two_who_make_a_section_one_does
        a_section_is_made_whole_or_not_at_all
        a_declaration_writes_over_no_section_that_was_made_meanwhile
    }
    accounts {
        an_operator_is_made_once_and_chooses_a_password_once
        an_operator_goes_with_all_that_is_theirs_and_nobody_else_does
        a_user_s_account_is_the_user_s
        a_user_with_another_address_is_out
        password_tries_side_by_side_do_not_outrun_the_limit
        a_reset_takes_password_and_sessions_away
        sessions_end_singly_all_but_one_and_with_a_change_of_the_password
        an_account_that_cannot_be_read_is_an_error
    }
    second_factor {
        a_key_counts_once_a_code_was_right_and_sessions_elsewhere_end
        a_code_is_used_up_once_however_many_come_with_it
        a_right_password_forgets_nothing_while_a_code_is_owed
        a_password_is_changed_with_a_code_where_one_is_owed
        recovery_codes_are_replaced_and_a_second_factor_ends
        a_second_factor_is_taken_away_alone_or_with_a_reset
    }
    audit {
        lines_are_kept_in_a_chain_a_section
        lines_are_looked_for
        what_is_changed_in_the_database_is_found
        lines_from_many_nodes_are_one_chain
        what_is_not_done_is_not_recorded_and_what_is_cannot_go_unrecorded
        lines_go_when_their_time_is_over_and_the_rest_stays_whole
        the_first_chain_key_stays
        where_administrators_signed_in_last
    }
    accept {
        a_mail_comes_back_as_it_was_accepted
        the_same_mail_again_is_kept_once
        a_mail_of_an_unknown_section_is_refused
        leases_go_to_the_oldest_due
        a_lease_that_ran_out_can_be_taken
        whoever_lost_the_lease_commits_nothing
        the_first_password_stays
        a_retry_waits_and_is_counted
        the_same_content_within_a_day_is_kept_once
        a_returned_mail_sent_again_is_a_new_one
        what_an_operator_stops_is_in_nobody_s_way
        leases_of_which_nothing_came_are_counted
        a_stopped_mail_is_given_up_with_its_notice
        a_held_mail_is_kept
        an_unreadable_mail_is_set_aside
        text_of_any_kind_survives
    }
    outbox {
        a_round_has_all_due_deliveries
        a_round_goes_to_the_longest_waiting
        outcomes_are_committed_together
        whoever_lost_the_round_commits_nothing
        what_was_delivered_is_kept_without_the_lease
        an_extension_that_comes_late_shortens_nothing
        outcomes_of_a_part_leave_the_rest_leased
        a_mail_to_many_recipients_keeps_their_order
        another_sections_object_is_refused
        unreadable_deliveries_are_set_aside
    }
    settle {
        settling_gives_up_all_that_can_be_read
        nothing_settles_while_a_delivery_is_open
        a_failure_is_told_while_others_are_tried
        a_dead_workers_failures_are_told_once_its_lease_is_over
        of_many_who_tell_one_does
        an_unreadable_row_does_not_keep_others_from_settling
        a_mail_settles_with_its_last_relayed_mail
        a_notice_does_not_settle_its_mail
        erased_objects_are_forgotten
        what_cannot_be_erased_stands_behind
        objects_that_no_row_knows_are_named
    }
    deposits {
        the_same_key_gives_the_same_deposit
        who_deposits_is_noted
        a_file_is_kept_once
        files_are_kept_only_while_open
        a_deposit_is_sent_whole_and_once
        sending_commits_all_or_nothing
        an_aborted_deposit_leaves_nothing
        deposits_expire
        a_deposit_of_another_section_is_untouchable
    }
    approval {
        who_approves_is_kept_with_groups_and_users
        a_group_whose_approvers_are_awaited_stays
        a_deposit_waits_and_is_approved_once
        a_rejected_deposit_s_files_are_gone
        only_a_whole_deposit_under_approval_waits
        what_waits_what_is_overdue_and_what_was_decided
        of_many_who_decide_one_does
    }
    codes {
        a_link_has_one_current_code_and_its_mail
        codes_to_an_address_for_many_links_side_by_side_do_not_outrun_the_limit
        a_code_is_used_up_by_one_of_many
        tries_at_a_code_count_at_the_link_and_side_by_side_once
        a_dead_link_is_mailed_no_code
        codes_are_counted_and_forgotten
    }
    links {
        a_link_is_found_by_its_token
        tries_side_by_side_do_not_outrun_the_limit
        a_session_lives_until_its_time
        no_session_begins_after_expiry
        what_an_address_received_is_listed_the_newest_first
    }
    sent {
        the_list_is_one_s_own_or_the_section_s
        a_download_is_noted_once_a_session
        a_deposit_is_taken_back_whole
        one_recipient_s_link_is_taken_back_and_its_notice_with_it
        files_are_kept_longer_once
        what_waits_for_approval_is_taken_back_too
    }
    migrations {
        uploads_come_through_their_tables_made_anew
    }
    uploads {
        of_one_name_a_deposit_has_one_file_on_its_way
        parts_come_one_after_another
        an_account_has_only_so_much_on_its_way
        a_file_of_a_deposit_has_one_upload_and_becomes_its_file
        a_deposit_has_only_so_much_on_its_way
        an_upload_ends_with_its_deposit
    }
    usage {
        what_was_sent_and_taken_is_counted_in_its_time
    }
    api_tokens {
        a_token_is_found_by_its_hash_until_it_is_revoked
        a_section_has_so_many_good_tokens_and_no_more
        a_name_is_one_token_s_for_good
    }
    maintenance {
        windows_are_there_until_they_are_over
        a_window_ends_when_it_is_told_to
    }
    announcements {
        they_are_shown_from_their_begin_until_before_their_end
        whoever_saw_an_older_version_changes_nothing
        each_contact_is_mailed_once
        no_contact_is_noted_as_mailed_whose_mail_is_not_in_the_queue
        of_many_who_mail_a_contact_one_does
    }
    queue {
        the_queue_shows_what_waits
        the_queue_is_given_in_pages_and_narrowed
        a_row_is_shown_settled_or_not
        retry_makes_due_now
        a_held_mail_can_be_tried_again
        one_unreadable_row_does_not_hide_the_queue
        stop_ends_what_waits
        a_mail_whose_links_may_be_out_is_not_stopped
        what_is_worked_on_is_left_alone
        counts_tell_every_state
        what_is_in_hand_is_told_in_short
    }
    races {
        two_nodes_share_the_mails
        many_workers_share_the_rounds
        one_of_many_takes_a_lease_that_ran_out
        one_of_many_begins_a_deposit
        one_of_many_keeps_a_file
        the_last_two_that_settle_settle_the_mail
        expiry_and_sending_do_not_mix
        transactions_that_meet_are_run_again
        a_failure_fails_alone
    }
    durability {
        what_was_returned_is_there_after_a_crash
        a_caller_that_goes_away_leaves_all_or_nothing
        a_closed_store_says_so
        a_lost_connection_passes
    }
    news {
        a_delivery_that_takes_long_is_told_of_once
        what_was_relayed_is_told_before_it_is_settled
        who_turns_away_mail_and_notice_is_told_of_once
        a_notice_that_failed_waits_for_its_mail_to_fail
        a_mail_and_its_notice_told_at_once_are_told_once
    }
    sts {
        a_policy_is_kept_until_its_time_is_up_or_a_newer_one_comes
    }
    schema {
        opening_again_changes_nothing
        many_processes_open_a_new_database_at_once
        a_newer_database_is_refused
        a_changed_migration_is_refused
        a_row_that_cannot_be_read_is_an_error
        records_stay_inside_their_section
        no_column_is_for_a_secret
        a_running_node_bears_a_new_column
    }
}

fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

fn left_out() -> bool {
    let left_out = std::env::var_os("FUBAKO_TEST_SKIP_PG").is_some_and(|value| value == "1");
    if left_out {
        eprintln!("FUBAKO_TEST_SKIP_PG=1: nothing was tested on PostgreSQL");
    }
    left_out
}

#[test]
fn postgres() {
    if left_out() {
        return;
    }
    let server = postgres::Server::start();
    let wanted = std::env::var("FUBAKO_TEST_PG_CASES").unwrap_or_default();
    let failed: Vec<&str> = on_runtime(async {
        futures::stream::iter(CASES.iter().filter(|(name, _)| name.contains(&wanted)))
            .map(|(name, case)| {
                let server = &server;
                async move {
                    let db = Db::postgres(server).await;
                    // A task of its own, so that one that panics does not end the others.
                    tokio::spawn(case(db)).await.err().map(|_| *name)
                }
            })
            .buffer_unordered(3)
            .filter_map(|failed| async move { failed })
            .collect()
            .await
    });
    assert!(failed.is_empty(), "failed on PostgreSQL: {failed:#?}");
}

#[test]
fn postgres_by_tls() {
    if left_out() {
        return;
    }
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = postgres::Server::start_tls(port, &certified.cert.pem(), &certified.signing_key.serialize_pem());
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, certified.cert.pem()).unwrap();
    let open = |options: String| {
        let url = format!("postgres://fubako@127.0.0.1:{port}/postgres?{options}");
        on_runtime(async move { fubako_store::Store::open(&url, std::path::Path::new(".")).await?.counts().await })
    };
    open("sslmode=require".to_owned()).unwrap();
    open(format!("sslmode=verify-full&sslrootcert={}", root.display())).unwrap();
    // A certificate that nobody vouches for is refused.
    let refused = open("sslmode=verify-full".to_owned());
    assert!(matches!(refused, Err(fubako_store::StoreError::Database(_))), "{refused:?}");
    drop(server);
}

#[test]
#[ignore = "measures; run it alone with --nocapture"]
fn measure() {
    let server = postgres::Server::start_durable();
    on_runtime(async {
        throughput::run("SQLite", Db::sqlite().await).await;
        throughput::run("PostgreSQL", Db::postgres(&server).await).await;
    });
}
