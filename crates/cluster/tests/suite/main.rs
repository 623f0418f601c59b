//! The cluster half on a simulation (`sim_…`) and on a real Kubernetes (`real_…`), from one list of checks.

#[cfg(test)]
mod checks;
#[cfg(test)]
mod faults;
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
    sim_drift_before_a_stop_is_no_difference_after_it real_drift_before_a_stop_is_no_difference_after_it drift_before_a_stop_is_no_difference_after_it;
    sim_what_someone_adds_to_a_deployment_is_removed real_what_someone_adds_to_a_deployment_is_removed what_someone_adds_to_a_deployment_is_removed;
    sim_a_used_up_plan_does_not_hinder_a_stop real_a_used_up_plan_does_not_hinder_a_stop a_used_up_plan_does_not_hinder_a_stop;
    sim_a_watch_tells_which_environment_changed real_a_watch_tells_which_environment_changed a_watch_tells_which_environment_changed;
    sim_a_namespace_of_someone_else_is_not_adopted real_a_namespace_of_someone_else_is_not_adopted a_namespace_of_someone_else_is_not_adopted;
    sim_a_namespace_made_anew_by_someone_else_is_not_adopted real_a_namespace_made_anew_by_someone_else_is_not_adopted a_namespace_made_anew_by_someone_else_is_not_adopted;
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
    sim_a_permit_of_another_account_restricts_nothing real_a_permit_of_another_account_restricts_nothing a_permit_of_another_account_restricts_nothing;
    sim_each_kind_comes_about_and_an_unchanged_one_gets_no_write real_each_kind_comes_about_and_an_unchanged_one_gets_no_write each_kind_comes_about_and_an_unchanged_one_gets_no_write;
    sim_a_secret_is_put_back_and_no_report_says_what_is_in_it real_a_secret_is_put_back_and_no_report_says_what_is_in_it a_secret_is_put_back_and_no_report_says_what_is_in_it;
    sim_what_never_changes_is_made_anew_and_volumes_stay real_what_never_changes_is_made_anew_and_volumes_stay what_never_changes_is_made_anew_and_volumes_stay;
    sim_each_kind_is_stopped_by_itself_and_comes_back real_each_kind_is_stopped_by_itself_and_comes_back each_kind_is_stopped_by_itself_and_comes_back;
    sim_whoever_scales_by_load_is_left_alone_and_nobody_else real_whoever_scales_by_load_is_left_alone_and_nobody_else whoever_scales_by_load_is_left_alone_and_nobody_else;
    sim_what_the_cluster_refuses_of_one_workload_hinders_no_other real_what_the_cluster_refuses_of_one_workload_hinders_no_other what_the_cluster_refuses_of_one_workload_hinders_no_other;
    sim_a_tenant_reads_pods_events_and_logs_and_starts_anew real_a_tenant_reads_pods_events_and_logs_and_starts_anew a_tenant_reads_pods_events_and_logs_and_starts_anew;
    sim_what_is_deleted_of_the_new_kinds_comes_back real_what_is_deleted_of_the_new_kinds_comes_back what_is_deleted_of_the_new_kinds_comes_back;
    sim_passes_that_die_after_each_write_come_to_the_same_end real_passes_that_die_after_each_write_come_to_the_same_end passes_that_die_after_each_write_come_to_the_same_end;
}

#[tokio::test]
async fn sim_a_death_between_any_two_requests_changes_nothing() {
    checks::a_death_between_any_two_requests_changes_nothing(world::World::simulated().await).await;
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
