//! Which refusals stand on the record.

use super::Command;
use super::provision::Provision;
use crate::authority::Authority;

impl Command {
    /// Whether it is a decision of the provider against or for the account, so that its refusals stand on the record:
    /// who tried what, and which guards held it up. What members do, what is delivered or observed and what comes due
    /// is no such decision.
    pub fn records_refusal(&self) -> bool {
        if self.is_privileged() {
            return true;
        }
        match self {
            Self::LiftUnder { authority, .. } => *authority != Authority::AccountHolder,
            _ => matches!(
                self,
                Self::OpenCase { .. }
                    | Self::Provision(
                        Provision::SetPlan { .. }
                            | Provision::ImportEnvironment { .. }
                            | Provision::MoveEnvironment { .. }
                            | Provision::CancelMove { .. }
                            | Provision::GrantQuota { .. }
                            | Provision::DenyQuota { .. }
                    )
                    | Self::WithdrawCase { .. }
                    | Self::ClearSignal { .. }
                    | Self::PauseCase { .. }
                    | Self::ExtendNotice { .. }
                    | Self::ProveDelivery { .. }
                    | Self::IssueNotice { .. }
                    | Self::AcceptCure { .. }
                    | Self::RejectCure { .. }
                    | Self::DenyMeasure { .. }
                    | Self::LiftMeasure { .. }
                    | Self::SetConditions { .. }
                    | Self::ReviewMeasure { .. }
                    | Self::ReviewEmergency { .. }
                    | Self::DenyDeletion { .. }
                    | Self::RecordOrder { .. }
                    | Self::RecordTimedOrder { .. }
                    | Self::PlaceHold { .. }
                    | Self::AssignAppeal { .. }
                    | Self::ModifyOnAppeal { .. }
                    | Self::DecideAppeal { .. }
            ),
        }
    }
}
