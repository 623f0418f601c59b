//! Kubernetes quantities (`500m`, `1.5Gi`, `2e3`) as whole thousandths, enough for quotas and limits.

/// A quantity in thousandths; saturates at the ends of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Quantity(pub i128);

/// The suffixes and their values in thousandths.
const SUFFIXES: &[(&str, i128)] = &[
    ("Ki", 1_024_000),
    ("Mi", 1_048_576_000),
    ("Gi", 1_073_741_824_000),
    ("Ti", 1_099_511_627_776_000),
    ("Pi", 1_125_899_906_842_624_000),
    ("Ei", 1_152_921_504_606_846_976_000),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
    ("", 1000),
];

impl Quantity {
    /// Reads a quantity; finer than a thousandth rounds up.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let exponent = suffix.strip_prefix(['e', 'E']).and_then(|e| e.parse::<i32>().ok());
        let unit = match exponent {
            Some(e) if (0..=18).contains(&e) => 1000 * 10_i128.pow(e.unsigned_abs()),
            Some(_) => return None,
            None => SUFFIXES.iter().find(|(s, _)| *s == suffix)?.1,
        };
        let (negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if (whole.is_empty() && fraction.is_empty()) || whole.len() > 20 || fraction.len() > 12 {
            return None;
        }
        let all = |d: &str| if d.is_empty() { Some(0) } else { d.parse::<i128>().ok().filter(|n| *n >= 0) };
        let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        let scaled = all(whole)?.checked_mul(scale)?.checked_add(all(fraction)?)?.checked_mul(unit)?;
        let value = scaled.div_euclid(scale) + i128::from(scaled.rem_euclid(scale) != 0);
        Some(Self(if negative { -value } else { value }))
    }

    /// A count of whole things.
    pub fn count(n: usize) -> Self {
        Self(i128::try_from(n).unwrap_or(i128::MAX / 1000).saturating_mul(1000))
    }

    /// Sum, saturating.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::fmt::Display for Quantity {
    /// The canonical decimal form: whole numbers plain, otherwise in thousandths.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 % 1000 == 0 { write!(f, "{}", self.0 / 1000) } else { write!(f, "{}m", self.0) }
    }
}

/// A sum in the style of one of its parts: the largest binary suffix that divides it where `like` is binary.
pub fn render(value: Quantity, like: &str) -> String {
    let binary = like.ends_with('i');
    if binary && value.0 != 0 {
        for suffix in ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"] {
            if let Some((_, unit)) = SUFFIXES.iter().find(|(s, _)| *s == suffix)
                && value.0 % unit == 0
            {
                return format!("{}{suffix}", value.0 / unit);
            }
        }
    }
    value.to_string()
}

/// The canonical text of a quantity: `0.5` is `500m`, `1000m` is `1`, `1024Mi` is `1Gi`. Unreadable text stays.
pub fn canonical(text: &str) -> String {
    let Some(value) = Quantity::parse(text) else { return text.to_owned() };
    if text.ends_with('i') {
        return render(value, text);
    }
    if value.0 % 1000 != 0 || value.0 == 0 {
        return value.to_string();
    }
    for suffix in ["E", "P", "T", "G", "M", "k"] {
        if let Some((_, unit)) = SUFFIXES.iter().find(|(s, _)| *s == suffix)
            && value.0 % unit == 0
        {
            return format!("{}{suffix}", value.0 / unit);
        }
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_and_print_canonically() {
        for (text, expected) in [
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("2000", "2k"),
            ("2e3", "2k"),
            ("0", "0"),
            ("100m", "100m"),
            ("-1", "-1"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
        for bad in ["", "x", "1Q", "--1", "1.2.3", "1e99", "99999999999999999999999999"] {
            assert_eq!(Quantity::parse(bad), None, "{bad}");
        }
    }
}
