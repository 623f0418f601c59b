//! What Tenure relies on in a Kubernetes API server, checked on the simulation and, where there is one, on a real
//! server: one list, so that the simulation cannot drift into fiction.

mod applies;
mod deletes;
mod discovery;
mod lab;
mod quotas;
mod roles;
mod sets;
mod volumes;
mod watches;
mod workloads;
mod writes;

/// One test on the simulation and one on a real server for each check.
macro_rules! checks {
    ($($sim:ident, $real:ident => $check:path;)*) => {
        $(
            #[tokio::test]
            async fn $sim() {
                lab::on_the_simulation(stringify!($sim), |lab| Box::pin(async move { $check(&lab).await })).await;
            }

            #[tokio::test]
            #[ignore = "needs a real Kubernetes: tests/run sets one up"]
            async fn $real() {
                lab::on_a_real_server(stringify!($real), |lab| Box::pin(async move { $check(&lab).await })).await;
            }
        )*
    };
}

checks! {
    sim_the_server_announces_what_it_serves, real_the_server_announces_what_it_serves => discovery::the_server_announces_what_it_serves;
    sim_everything_is_allowed_to_an_administrator, real_everything_is_allowed_to_an_administrator => discovery::everything_is_allowed_to_an_administrator;

    sim_an_unchanged_apply_writes_nothing, real_an_unchanged_apply_writes_nothing => applies::an_unchanged_apply_writes_nothing;
    sim_an_unchanged_apply_of_a_deployment_writes_nothing, real_an_unchanged_apply_of_a_deployment_writes_nothing => applies::an_unchanged_apply_of_a_deployment_writes_nothing;
    sim_another_managers_field_is_a_conflict_until_forced, real_another_managers_field_is_a_conflict_until_forced => applies::another_managers_field_is_a_conflict_until_forced;
    sim_an_update_makes_its_writer_a_manager, real_an_update_makes_its_writer_a_manager => applies::an_update_makes_its_writer_a_manager;
    sim_a_field_no_longer_applied_is_removed, real_a_field_no_longer_applied_is_removed => applies::a_field_no_longer_applied_is_removed;
    sim_what_two_managers_apply_stays_until_both_let_go, real_what_two_managers_apply_stays_until_both_let_go => applies::what_two_managers_apply_stays_until_both_let_go;
    sim_quantities_in_another_spelling_are_no_change, real_quantities_in_another_spelling_are_no_change => applies::quantities_in_another_spelling_are_no_change;
    sim_finalizers_of_two_managers_are_a_set, real_finalizers_of_two_managers_are_a_set => applies::finalizers_of_two_managers_are_a_set;
    sim_an_apply_needs_a_manager, real_an_apply_needs_a_manager => applies::an_apply_needs_a_manager;
    sim_a_binding_is_applied_over_and_over, real_a_binding_is_applied_over_and_over => applies::a_binding_is_applied_over_and_over;

    sim_merge_and_json_patches_change_fields, real_merge_and_json_patches_change_fields => writes::merge_and_json_patches_change_fields;
    sim_refusals_say_why, real_refusals_say_why => writes::refusals_say_why;
    sim_wrong_objects_are_invalid, real_wrong_objects_are_invalid => writes::wrong_objects_are_invalid;
    sim_what_must_not_change_is_invalid, real_what_must_not_change_is_invalid => writes::what_must_not_change_is_invalid;
    sim_a_stale_replace_is_a_conflict, real_a_stale_replace_is_a_conflict => writes::a_stale_replace_is_a_conflict;
    sim_a_dry_run_changes_nothing, real_a_dry_run_changes_nothing => writes::a_dry_run_changes_nothing;
    sim_names_are_generated, real_names_are_generated => writes::names_are_generated;
    sim_the_generation_follows_the_specification, real_the_generation_follows_the_specification => writes::the_generation_follows_the_specification;
    sim_the_status_is_written_apart, real_the_status_is_written_apart => writes::the_status_is_written_apart;
    sim_lists_are_selected_and_paged, real_lists_are_selected_and_paged => writes::lists_are_selected_and_paged;
    sim_scale_changes_the_replicas, real_scale_changes_the_replicas => writes::scale_changes_the_replicas;

    sim_a_stateful_set_names_its_pods_and_their_claims, real_a_stateful_set_names_its_pods_and_their_claims => sets::a_stateful_set_names_its_pods_and_their_claims;
    sim_a_job_never_changes_and_is_held_up_by_leaving_it_no_pods, real_a_job_never_changes_and_is_held_up_by_leaving_it_no_pods => sets::a_job_never_changes_and_is_held_up_by_leaving_it_no_pods;

    sim_a_watch_sees_what_came_after_the_list, real_a_watch_sees_what_came_after_the_list => watches::a_watch_sees_what_came_after_the_list;
    sim_a_watch_by_label_sees_objects_come_and_go, real_a_watch_by_label_sees_objects_come_and_go => watches::a_watch_by_label_sees_objects_come_and_go;
    sim_an_idle_watch_ends_in_time, real_an_idle_watch_ends_in_time => watches::an_idle_watch_ends_in_time;
    sim_the_clients_own_watcher_follows, real_the_clients_own_watcher_follows => watches::the_clients_own_watcher_follows;

    sim_a_delete_of_another_uid_is_a_conflict, real_a_delete_of_another_uid_is_a_conflict => deletes::a_delete_of_another_uid_is_a_conflict;
    sim_a_collection_is_deleted_by_label, real_a_collection_is_deleted_by_label => deletes::a_collection_is_deleted_by_label;
    sim_a_finalizer_keeps_an_object, real_a_finalizer_keeps_an_object => deletes::a_finalizer_keeps_an_object;
    sim_dependents_go_with_their_owner, real_dependents_go_with_their_owner => deletes::dependents_go_with_their_owner;
    sim_orphans_stay, real_orphans_stay => deletes::orphans_stay;
    sim_a_foreground_delete_waits_for_dependents, real_a_foreground_delete_waits_for_dependents => deletes::a_foreground_delete_waits_for_dependents;
    sim_a_namespace_takes_its_content_along, real_a_namespace_takes_its_content_along => deletes::a_namespace_takes_its_content_along;

    sim_a_role_gives_what_it_says_and_no_more, real_a_role_gives_what_it_says_and_no_more => roles::a_role_gives_what_it_says_and_no_more;
    sim_who_is_no_longer_bound_has_nothing, real_who_is_no_longer_bound_has_nothing => roles::who_is_no_longer_bound_has_nothing;
    sim_a_token_ends_with_its_account, real_a_token_ends_with_its_account => roles::a_token_ends_with_its_account;
    sim_a_token_lasts_ten_minutes_at_least, real_a_token_lasts_ten_minutes_at_least => roles::a_token_lasts_ten_minutes_at_least;

    sim_a_quota_controller_fills_the_status, real_a_quota_controller_fills_the_status => quotas::a_quota_controller_fills_the_status;
    sim_admission_reads_a_quotas_status_not_its_spec, real_admission_reads_a_quotas_status_not_its_spec => quotas::admission_reads_a_quotas_status_not_its_spec;
    sim_a_gate_whose_status_we_write_refuses_a_dry_run_pod, real_a_gate_whose_status_we_write_refuses_a_dry_run_pod => quotas::a_gate_whose_status_we_write_refuses_a_dry_run_pod;
    sim_a_gate_refuses_jobs, real_a_gate_refuses_jobs => quotas::a_gate_refuses_jobs;
    sim_a_quota_on_amounts_wants_them_named, real_a_quota_on_amounts_wants_them_named => quotas::a_quota_on_amounts_wants_them_named;
    sim_a_limit_range_gives_defaults, real_a_limit_range_gives_defaults => quotas::a_limit_range_gives_defaults;
    sim_what_is_used_is_counted_and_given_back, real_what_is_used_is_counted_and_given_back => quotas::what_is_used_is_counted_and_given_back;

    sim_a_deployment_becomes_ready, real_a_deployment_becomes_ready => workloads::a_deployment_becomes_ready;
    sim_a_new_template_replaces_the_pods, real_a_new_template_replaces_the_pods => workloads::a_new_template_replaces_the_pods;
    sim_a_service_answers_while_a_pod_is_ready, real_a_service_answers_while_a_pod_is_ready => workloads::a_service_answers_while_a_pod_is_ready;
    sim_a_touched_set_does_not_wait_after_the_gate_is_gone, real_a_touched_set_does_not_wait_after_the_gate_is_gone => workloads::a_touched_set_does_not_wait_after_the_gate_is_gone;

    sim_a_claim_is_bound_and_its_volume_deleted_with_it, real_a_claim_is_bound_and_its_volume_deleted_with_it => volumes::a_claim_is_bound_and_its_volume_deleted_with_it;
    sim_a_retained_volume_outlives_its_claim, real_a_retained_volume_outlives_its_claim => volumes::a_retained_volume_outlives_its_claim;
    sim_a_released_volume_is_bound_again_by_name, real_a_released_volume_is_bound_again_by_name => volumes::a_released_volume_is_bound_again_by_name;
}
