//! The cluster half on a simulation (`sim_…`) and on a real Kubernetes (`real_…`), from one list of checks.

#[cfg(test)]
mod checks;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fights;
#[cfg(test)]
mod odd;
#[cfg(test)]
mod permits;
#[cfg(test)]
mod world;

macro_rules! on_both {
    ($($sim:ident $real:ident $check:ident;)*) => {$(
        #[tokio::test]
        async fn $sim() {
            checks::$check(world::World::simulated().await).await;
        }

        #[tokio::test]
        #[ignore = "needs a real Kubernetes: tests/run sets one up"]
        async fn $real() {
            checks::$check(world::World::real().await).await;
        }
    )*};
}

on_both! {
    sim_a_declared_workload_answers real_a_declared_workload_answers a_declared_workload_answers;
    sim_an_unchanged_environment_gets_no_write real_an_unchanged_environment_gets_no_write an_unchanged_environment_gets_no_write;
    sim_a_changed_declaration_is_followed_and_what_is_no_longer_declared_goes real_a_changed_declaration_is_followed_and_what_is_no_longer_declared_goes a_changed_declaration_is_followed_and_what_is_no_longer_declared_goes;
    sim_a_workload_that_gets_a_volume_while_it_runs_is_as_declared real_a_workload_that_gets_a_volume_while_it_runs_is_as_declared a_workload_that_gets_a_volume_while_it_runs_is_as_declared;
    sim_a_volume_claim_outlives_its_workload real_a_volume_claim_outlives_its_workload a_volume_claim_outlives_its_workload;
    sim_drift_is_repaired_and_told real_drift_is_repaired_and_told drift_is_repaired_and_told;
    sim_what_a_pass_repaired_that_died_is_told_by_the_next real_what_a_pass_repaired_that_died_is_told_by_the_next what_a_pass_repaired_that_died_is_told_by_the_next;
    sim_drift_before_a_stop_is_no_difference_after_it real_drift_before_a_stop_is_no_difference_after_it drift_before_a_stop_is_no_difference_after_it;
    sim_what_someone_adds_to_a_deployment_is_removed real_what_someone_adds_to_a_deployment_is_removed what_someone_adds_to_a_deployment_is_removed;
    sim_a_proved_hostname_leads_to_its_workload_and_no_other_leads_anywhere real_a_proved_hostname_leads_to_its_workload_and_no_other_leads_anywhere a_proved_hostname_leads_to_its_workload_and_no_other_leads_anywhere;
    sim_a_hostname_is_withheld_alone_and_given_back_as_it_was real_a_hostname_is_withheld_alone_and_given_back_as_it_was a_hostname_is_withheld_alone_and_given_back_as_it_was;
    sim_a_used_up_plan_does_not_hinder_a_stop real_a_used_up_plan_does_not_hinder_a_stop a_used_up_plan_does_not_hinder_a_stop;
    sim_tenants_deploy_in_an_open_environment_and_touch_nothing_of_ours real_tenants_deploy_in_an_open_environment_and_touch_nothing_of_ours tenants_deploy_in_an_open_environment_and_touch_nothing_of_ours;
    sim_a_freeze_leaves_an_open_environments_people_to_read_until_it_is_lifted real_a_freeze_leaves_an_open_environments_people_to_read_until_it_is_lifted a_freeze_leaves_an_open_environments_people_to_read_until_it_is_lifted;
    sim_deleting_an_open_environment_ends_its_peoples_access real_deleting_an_open_environment_ends_its_peoples_access deleting_an_open_environment_ends_its_peoples_access;
    sim_isolating_an_open_environment_closes_its_openings real_isolating_an_open_environment_closes_its_openings isolating_an_open_environment_closes_its_openings;
    sim_what_others_do_to_roles_is_put_right real_what_others_do_to_roles_is_put_right what_others_do_to_roles_is_put_right;
    sim_a_plans_classes_and_level_are_the_environments real_a_plans_classes_and_level_are_the_environments a_plans_classes_and_level_are_the_environments;
    sim_a_plans_nodes_and_pull_policy_are_its_workloads real_a_plans_nodes_and_pull_policy_are_its_workloads a_plans_nodes_and_pull_policy_are_its_workloads;
    sim_a_watch_tells_which_environment_changed real_a_watch_tells_which_environment_changed a_watch_tells_which_environment_changed;
    sim_drift_behind_a_watch_is_told_and_repaired real_drift_behind_a_watch_is_told_and_repaired drift_behind_a_watch_is_told_and_repaired;
    sim_a_namespace_of_someone_else_is_not_adopted real_a_namespace_of_someone_else_is_not_adopted a_namespace_of_someone_else_is_not_adopted;
    sim_a_namespace_made_anew_by_someone_else_is_not_adopted real_a_namespace_made_anew_by_someone_else_is_not_adopted a_namespace_made_anew_by_someone_else_is_not_adopted;
    sim_a_namespace_that_is_there_is_imported_and_nothing_in_it_restarts real_a_namespace_that_is_there_is_imported_and_nothing_in_it_restarts a_namespace_that_is_there_is_imported_and_nothing_in_it_restarts;
    sim_a_namespace_is_imported_by_its_uid_alone_and_never_from_anybody real_a_namespace_is_imported_by_its_uid_alone_and_never_from_anybody a_namespace_is_imported_by_its_uid_alone_and_never_from_anybody;
    sim_an_import_whose_passes_die_after_each_write_comes_to_its_end real_an_import_whose_passes_die_after_each_write_comes_to_its_end an_import_whose_passes_die_after_each_write_comes_to_its_end;
    sim_a_suspension_stops_everything_and_its_end_brings_it_back real_a_suspension_stops_everything_and_its_end_brings_it_back a_suspension_stops_everything_and_its_end_brings_it_back;
    sim_a_closed_gate_refuses_a_pod_at_once real_a_closed_gate_refuses_a_pod_at_once a_closed_gate_refuses_a_pod_at_once;
    sim_a_gate_that_someone_removed_is_closed_again real_a_gate_that_someone_removed_is_closed_again a_gate_that_someone_removed_is_closed_again;
    sim_a_gate_without_a_permit_is_removed real_a_gate_without_a_permit_is_removed a_gate_without_a_permit_is_removed;
    sim_a_freeze_is_true_at_once_and_touches_nothing real_a_freeze_is_true_at_once_and_touches_nothing a_freeze_is_true_at_once_and_touches_nothing;
    sim_an_isolated_workload_leaves_its_neighbour_alone real_an_isolated_workload_leaves_its_neighbour_alone an_isolated_workload_leaves_its_neighbour_alone;
    sim_isolating_an_environment_without_workloads_says_so real_isolating_an_environment_without_workloads_says_so isolating_an_environment_without_workloads_says_so;
    sim_a_measure_on_a_removed_workload_says_that_it_was_removed real_a_measure_on_a_removed_workload_says_that_it_was_removed a_measure_on_a_removed_workload_says_that_it_was_removed;
    sim_a_stopped_workload_leaves_its_neighbour_running real_a_stopped_workload_leaves_its_neighbour_running a_stopped_workload_leaves_its_neighbour_running;
    sim_lifting_one_measure_leaves_what_another_withholds real_lifting_one_measure_leaves_what_another_withholds lifting_one_measure_leaves_what_another_withholds;
    sim_a_throttled_environment_runs_on_with_less_until_it_is_lifted real_a_throttled_environment_runs_on_with_less_until_it_is_lifted a_throttled_environment_runs_on_with_less_until_it_is_lifted;
    sim_a_load_balancer_gives_its_address_up_and_comes_back_as_it_was real_a_load_balancer_gives_its_address_up_and_comes_back_as_it_was a_load_balancer_gives_its_address_up_and_comes_back_as_it_was;
    sim_a_permit_of_another_account_restricts_nothing real_a_permit_of_another_account_restricts_nothing a_permit_of_another_account_restricts_nothing;
    sim_a_probe_tells_what_a_cluster_can_do real_a_probe_tells_what_a_cluster_can_do a_probe_tells_what_a_cluster_can_do;
    sim_jobs_are_held_and_go_on_from_now real_jobs_are_held_and_go_on_from_now jobs_are_held_and_go_on_from_now;
    sim_each_kind_comes_about_and_an_unchanged_one_gets_no_write real_each_kind_comes_about_and_an_unchanged_one_gets_no_write each_kind_comes_about_and_an_unchanged_one_gets_no_write;
    sim_a_secret_is_put_back_and_no_report_says_what_is_in_it real_a_secret_is_put_back_and_no_report_says_what_is_in_it a_secret_is_put_back_and_no_report_says_what_is_in_it;
    sim_what_never_changes_is_made_anew_and_volumes_stay real_what_never_changes_is_made_anew_and_volumes_stay what_never_changes_is_made_anew_and_volumes_stay;
    sim_each_kind_is_stopped_by_itself_and_comes_back real_each_kind_is_stopped_by_itself_and_comes_back each_kind_is_stopped_by_itself_and_comes_back;
    sim_whoever_scales_by_load_is_left_alone_and_nobody_else real_whoever_scales_by_load_is_left_alone_and_nobody_else whoever_scales_by_load_is_left_alone_and_nobody_else;
    sim_what_the_cluster_refuses_of_one_workload_hinders_no_other real_what_the_cluster_refuses_of_one_workload_hinders_no_other what_the_cluster_refuses_of_one_workload_hinders_no_other;
    sim_a_tenant_reads_pods_events_and_logs_and_starts_anew real_a_tenant_reads_pods_events_and_logs_and_starts_anew a_tenant_reads_pods_events_and_logs_and_starts_anew;
    sim_what_is_deleted_of_the_new_kinds_comes_back real_what_is_deleted_of_the_new_kinds_comes_back what_is_deleted_of_the_new_kinds_comes_back;
    sim_passes_that_die_after_each_write_come_to_the_same_end real_passes_that_die_after_each_write_come_to_the_same_end passes_that_die_after_each_write_come_to_the_same_end;
    sim_a_deletion_goes_by_the_inventory_and_ends_with_the_namespace real_a_deletion_goes_by_the_inventory_and_ends_with_the_namespace a_deletion_goes_by_the_inventory_and_ends_with_the_namespace;
    sim_what_is_none_of_ours_is_named_and_keeps_everything real_what_is_none_of_ours_is_named_and_keeps_everything what_is_none_of_ours_is_named_and_keeps_everything;
    sim_law_07_what_is_forgotten_is_not_deleted real_law_07_what_is_forgotten_is_not_deleted law_07_what_is_forgotten_is_not_deleted;
    sim_a_volume_that_a_stop_retained_goes_with_the_deletion real_a_volume_that_a_stop_retained_goes_with_the_deletion a_volume_that_a_stop_retained_goes_with_the_deletion;
    sim_what_holds_a_deletion_up_is_told_before_and_meanwhile real_what_holds_a_deletion_up_is_told_before_and_meanwhile what_holds_a_deletion_up_is_told_before_and_meanwhile;
    sim_a_deletion_whose_passes_die_after_each_write_comes_to_its_end real_a_deletion_whose_passes_die_after_each_write_comes_to_its_end a_deletion_whose_passes_die_after_each_write_comes_to_its_end;
    sim_what_was_deleted_before_a_permit_ended_is_not_made_anew_empty real_what_was_deleted_before_a_permit_ended_is_not_made_anew_empty what_was_deleted_before_a_permit_ended_is_not_made_anew_empty;
    sim_a_rehearsal_tells_what_a_stop_does_and_persists_nothing real_a_rehearsal_tells_what_a_stop_does_and_persists_nothing a_rehearsal_tells_what_a_stop_does_and_persists_nothing;
    sim_a_rehearsal_tells_what_the_cluster_would_refuse real_a_rehearsal_tells_what_the_cluster_would_refuse a_rehearsal_tells_what_the_cluster_would_refuse;
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn real_kubectl_does_what_the_role_says() {
    checks::kubectl_does_what_the_role_says(world::World::real().await).await;
}

macro_rules! on_a_simulation {
    ($($sim:ident $check:ident;)*) => {$(
        #[tokio::test]
        async fn $sim() {
            checks::$check(world::World::simulated().await).await;
        }
    )*};
}

on_a_simulation! {
    sim_an_unchanged_environment_is_not_read_again an_unchanged_environment_is_not_read_again;
    sim_what_is_not_kept_is_read what_is_not_kept_is_read;
    sim_nothing_is_believed_while_nobody_watches_or_not_everything_is_told nothing_is_believed_while_nobody_watches_or_not_everything_is_told;
    sim_a_change_behind_a_stale_watch_is_seen_by_whoever_reads a_change_behind_a_stale_watch_is_seen_by_whoever_reads;
    sim_what_nobody_told_of_is_not_taken what_nobody_told_of_is_not_taken;
    sim_a_measure_is_never_carried_out_by_what_was_told a_measure_is_never_carried_out_by_what_was_told;
    sim_a_gate_that_the_watch_tells_of_is_removed a_gate_that_the_watch_tells_of_is_removed;
}

#[tokio::test]
async fn sim_a_throttle_is_not_made_up_for_and_begins_no_job_anew() {
    Box::pin(checks::a_throttle_is_not_made_up_for_and_begins_no_job_anew(world::World::simulated().await))
        .await;
}

#[tokio::test]
async fn sim_visitors_of_an_isolated_workload_come_to_the_providers_page() {
    checks::visitors_of_an_isolated_workload_come_to_the_providers_page(world::World::simulated().await)
        .await;
}

#[tokio::test]
async fn sim_visitors_come_by_the_gateway_where_the_cluster_has_one() {
    checks::visitors_come_by_the_gateway_where_the_cluster_has_one(world::World::simulated().await).await;
}

#[tokio::test]
async fn sim_a_certificate_is_asked_for_as_the_settings_say() {
    checks::a_certificate_is_asked_for_as_the_settings_say(world::World::simulated().await).await;
}

#[tokio::test]
async fn sim_load_balancers_are_kept_where_no_measure_gives_them_up() {
    checks::load_balancers_are_kept_where_no_measure_gives_them_up(world::World::simulated().await).await;
}

#[tokio::test]
async fn sim_a_death_between_any_two_requests_loses_no_load_balancer() {
    checks::a_death_between_any_two_requests_loses_no_load_balancer(world::World::simulated().await).await;
}

#[tokio::test]
async fn sim_a_death_between_any_two_requests_changes_nothing() {
    checks::a_death_between_any_two_requests_changes_nothing(world::World::simulated().await).await;
}

#[tokio::test]
async fn sim_a_death_between_any_two_requests_of_a_deletion_changes_nothing() {
    checks::a_death_between_any_two_requests_of_a_deletion_changes_nothing(world::World::simulated().await)
        .await;
}

#[tokio::test]
async fn sim_a_node_that_cannot_be_reached_leaves_a_stop_unconfirmed() {
    let world = world::World::simulated().await;
    Box::pin(checks::a_node_that_cannot_be_reached_leaves_a_stop_unconfirmed(world)).await;
}

#[tokio::test]
async fn sim_odd_answers_about_one_workload_are_its_status_and_hinder_no_other() {
    checks::odd_answers_about_one_workload_are_its_status_and_hinder_no_other(
        world::World::simulated().await,
    )
    .await;
}

#[tokio::test]
async fn sim_a_snapshot_is_taken_once_and_a_new_volume_is_made_from_it() {
    Box::pin(checks::a_snapshot_is_taken_once_and_a_new_volume_is_made_from_it(
        world::World::simulated().await,
    ))
    .await;
}

#[tokio::test]
async fn sim_a_snapshot_that_someone_deletes_is_lost_and_never_made_anew() {
    checks::a_snapshot_that_someone_deletes_is_lost_and_never_made_anew(world::World::simulated().await)
        .await;
}

#[tokio::test]
async fn sim_a_volume_waits_for_its_snapshot_and_begins_on_no_other_data() {
    checks::a_volume_waits_for_its_snapshot_and_begins_on_no_other_data(world::World::simulated().await)
        .await;
}

#[tokio::test]
async fn sim_a_stop_retains_snapshots_and_a_deletion_takes_them_before_their_volumes() {
    let world = world::World::simulated().await;
    checks::a_stop_retains_snapshots_and_a_deletion_takes_them_before_their_volumes(world).await;
}

#[tokio::test]
async fn sim_a_cluster_that_takes_no_snapshots_says_so_and_the_rest_goes_on() {
    checks::a_cluster_that_takes_no_snapshots_says_so_and_the_rest_goes_on(world::World::simulated().await)
        .await;
}

#[tokio::test]
#[ignore = "the test cluster's API server, Kubernetes 1.20 compiled by Go 1.19, dies of objects of custom kinds"]
async fn custom_kinds_a_snapshot_is_what_the_driver_says_of_it() {
    Box::pin(checks::a_snapshot_is_what_the_driver_says_of_it(world::World::real().await)).await;
}
