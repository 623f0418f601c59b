//! Money: whole minor units and a currency. There is no arithmetic between currencies, and none with fractions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest amount, in minor units: far below 2^53, so that JSON carries every amount exactly.
pub const MINOR_MAX: u64 = 1_000_000_000_000_000;

/// A currency by its code of ISO 4217, such as `EUR`. Only its form is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Why a text is not a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a currency: write its three capital letters, such as \"EUR\"")]
pub struct CurrencyError(String);

impl FromStr for Currency {
    type Err = CurrencyError;
    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let code: Option<[u8; 3]> = text.as_bytes().try_into().ok();
        code.filter(|c| c.iter().all(u8::is_ascii_uppercase))
            .map(Self)
            .ok_or_else(|| CurrencyError(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;
    fn try_from(text: String) -> Result<Self, CurrencyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.to_string()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0 {
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_three_capital_letters() {
        for text in ["EUR", "USD", "JPY"] {
            assert_eq!(text.parse::<Currency>().unwrap().to_string(), text);
        }
        for text in ["", "EU", "EURO", "eur", "E1R", "€€€", "EU "] {
            assert!(text.parse::<Currency>().is_err(), "{text:?}");
        }
        let json = serde_json::to_string(&"EUR".parse::<Currency>().unwrap()).unwrap();
        assert_eq!(json, "\"EUR\"");
        assert!(serde_json::from_str::<Currency>("\"eur\"").is_err());
    }
}
