//! Reading the text of one setting.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tenure_domain::period::Period;

use super::settings::Kind;

/// What a setting says.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text, a word or a filter.
    Text(String),
    /// A text that can hold a secret.
    Secret(SecretString),
    /// A path.
    Path(PathBuf),
    /// An address; none for `off`.
    Address(Option<SocketAddr>),
    /// Exact time.
    Time(Duration),
    /// A number.
    Number(u64),
}

impl Kind {
    /// Reads a text of this kind; the error says what to write.
    pub fn read(self, text: &str) -> Result<Value, String> {
        if text.trim().is_empty() {
            return Err("this is blank: write a value, or leave the setting out".to_owned());
        }
        match self {
            Self::Text => Ok(Value::Text(text.to_owned())),
            Self::Path => Ok(Value::Path(PathBuf::from(text))),
            Self::AddressOrOff if text == "off" => Ok(Value::Address(None)),
            Self::Address | Self::AddressOrOff => {
                let off = if self == Self::AddressOrOff { ", or off" } else { "" };
                text.parse().map(|address| Value::Address(Some(address))).map_err(|_| {
                    format!("write an IP address and a port such as 127.0.0.1:7070 or [::]:7070{off}")
                })
            }
            Self::HttpUrl => {
                match text.parse::<http::Uri>() {
                    Ok(uri) if uri.scheme_str() == Some("http") && uri.authority().is_some_and(plain) => {
                        Ok(Value::Text(text.trim_end_matches('/').to_owned()))
                    }
                    _ => Err("write a URL such as http://127.0.0.1:4318, with http and without a password"
                        .to_owned()),
                }
            }
            Self::DatabaseUrl => {
                let known = ["sqlite:", "postgres://", "postgresql://"];
                if known.iter().any(|scheme| text.starts_with(scheme)) {
                    Ok(Value::Secret(SecretString::from(text)))
                } else {
                    Err("write sqlite:PATH or postgres://USER@HOST/DATABASE".to_owned())
                }
            }
            Self::Time(least, most) => time(text, least, most),
            Self::Number(least, most) => match text.parse::<u64>() {
                Ok(n) if (least..=most).contains(&n) => Ok(Value::Number(n)),
                _ => Err(format!("write a whole number from {least} to {most}")),
            },
            Self::Word(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
            Self::Word(words) => Err(format!("write one of {}", words.join(", "))),
            Self::Filter => match text.parse::<tracing_subscriber::EnvFilter>() {
                Ok(_) => Ok(Value::Text(text.to_owned())),
                Err(error) => {
                    Err(format!("write a level such as info, or info,tenure_engine=debug: {error}"))
                }
            },
        }
    }
}

fn plain(authority: &http::uri::Authority) -> bool {
    !authority.as_str().contains('@')
}

fn time(text: &str, least: Duration, most: Duration) -> Result<Value, String> {
    let (from, to) = (shown(least), shown(most));
    match text.parse::<Period>() {
        Ok(Period::Seconds(seconds)) => {
            let time = Duration::from_secs(seconds.into());
            if (least..=most).contains(&time) {
                Ok(Value::Time(time))
            } else {
                Err(format!("{text} is out of bounds: write a time from {from} to {to}"))
            }
        }
        Ok(_) => Err(format!("{text} is no exact time: write one such as PT10S, from {from} to {to}")),
        Err(error) => Err(format!("write an exact time such as PT10S, from {from} to {to}: {error}")),
    }
}

/// A time as it is written.
pub fn shown(time: Duration) -> String {
    format!("PT{}S", time.as_secs())
}
