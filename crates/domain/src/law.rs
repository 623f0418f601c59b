//! The law of the house: sixteen sentences that hold in every state Tenure can reach, though clauses about what does
//! not exist yet (export) have nothing to keep so far;
//! `docs/architecture.md` says what is built.
//!
//! A refusal names the law it keeps; this page is the one hop from the refusal to the reason. Tests named after a law
//! try to break it: `cargo test -p tenure-domain --test laws law_03`.

use serde::{Deserialize, Serialize};

macro_rules! laws {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// One of the sixteen laws, by what it is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Law { $(#[doc = $text] $name,)* }

        impl Law {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// Its number, from 1 to 16.
            pub fn number(self) -> u8 { match self { $(Self::$name => $number),* } }
            /// Its text.
            pub fn text(self) -> &'static str { match self { $(Self::$name => $text),* } }
        }
    };
}

laws! {
    Basis = 1, "No measure takes effect without a permit; its basis is a power of the terms version that this account accepted, an order, or the account holder's own wish.";
    Service = 2, "No clock starts before its notice is served; a notice that cannot be served never counts as served, except by the deemed-service rule in the terms.";
    FullPeriod = 3, "Nothing takes effect a moment before its period has fully run; late is allowed, early never.";
    Ladder = 4, "No stage is skipped. The first measure is the least of the ladder, or the record says why not.";
    Emergency = 5, "An emergency measure needs no prior approval and is provisional: smallest scope, lifts by itself unless another person ratifies it in time; its notice follows within an hour.";
    Separation = 6, "Proposer, approver and appeal reviewer of one measure are different people; an approval is void when the command changes.";
    Data = 7, "Suspension deletes no persistent data, and what else it loses is listed in the preview and the receipt; a hold over those blocks the stop. Deletion needs termination notice, retrieval period, served reminders, quorum, no hold, no open appeal, no order; it leaves a certificate.";
    OrdersAndHolds = 8, "An active order or hold wins, also against what is already scheduled.";
    Stacking = 9, "Measures stack: lifting one never lifts another; standing is recomputed from the set.";
    Undoing = 10, "A cured, withdrawn or overturned case cancels everything scheduled in its name and undoes what it did, strikes and fees too.";
    Explicit = 11, "Every duration is explicit: missing, blank or zero-by-omission is an error when the document is read.";
    Rules = 12, "A rule alone never suspends. Caps per rule, operator and window stop a runaway, with one command to undo the batch.";
    Observed = 13, "Status is what was observed. \"Suspended\" appears only when a receipt says that nothing runs; a node that cannot be reached leaves it applying (unconfirmed).";
    Record = 14, "If events cannot be written, nothing is done. Nothing in the state is absent from the ledger.";
    Reading = 15, "A tenant can always read its standing, its notices and what clears them, reply, appeal and export, also while suspended.";
    Privacy = 16, "One tenant can never see that another exists.";
}
