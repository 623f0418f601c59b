//! Randomness for nonces, salts and secrets: the machine's, or a seeded sequence where a run has to repeat exactly.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// Where random bytes come from.
#[derive(Debug)]
pub enum Entropy {
    /// The machine.
    Machine,
    /// SHA-256 of the seed and a counter: for tests, never for secrets that matter.
    Seeded {
        /// The seed.
        seed: u64,
        /// How many blocks were drawn.
        drawn: AtomicU64,
    },
}

/// The machine gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the machine gives no random bytes: {0}")]
pub struct EntropyError(getrandom::Error);

impl Entropy {
    /// A sequence that repeats for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded { seed, drawn: AtomicU64::new(0) }
    }

    /// 32 random bytes.
    pub fn draw(&self) -> Result<[u8; 32], EntropyError> {
        match self {
            Self::Machine => machine(),
            Self::Seeded { seed, drawn } => {
                let n = drawn.fetch_add(1, Ordering::SeqCst);
                Ok(Sha256::new()
                    .chain_update(seed.to_be_bytes())
                    .chain_update(n.to_be_bytes())
                    .finalize()
                    .into())
            }
        }
    }

    /// 16 random bytes, the size of nonces and salts.
    pub fn draw_16(&self) -> Result<[u8; 16], EntropyError> {
        let mut half = [0; 16];
        half.copy_from_slice(&self.draw()?[..16]);
        Ok(half)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the machine's randomness comes in")]
fn machine() -> Result<[u8; 32], EntropyError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(EntropyError)?;
    Ok(bytes)
}
