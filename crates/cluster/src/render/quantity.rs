//! Quantities in the form in which the API server stores them, so that what we declare can be compared with it.

/// Thousandths as a decimal quantity: `250m`, `2`, `5k`.
pub(crate) fn millis(millis: u64) -> String {
    if millis.is_multiple_of(1000) { count(millis / 1000) } else { format!("{millis}m") }
}

/// A number as a decimal quantity: `12`, `5k`.
pub(crate) fn count(number: u64) -> String {
    scaled(number, 1000, &["", "k", "M", "G", "T"])
}

/// MiB as a binary quantity: `512Mi`, `2Gi`.
pub(crate) fn mebibytes(mebibytes: u64) -> String {
    if mebibytes == 0 { "0".to_owned() } else { scaled(mebibytes, 1024, &["Mi", "Gi", "Ti", "Pi", "Ei"]) }
}

fn scaled(mut number: u64, step: u64, units: &[&str]) -> String {
    let mut unit = 0;
    while number > 0 && number.is_multiple_of(step) && unit + 1 < units.len() {
        number /= step;
        unit += 1;
    }
    format!("{number}{}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_as_the_api_server_keeps_them() {
        assert_eq!([millis(250), millis(2000), millis(0), millis(5_000_000)], ["250m", "2", "0", "5k"]);
        assert_eq!(
            [mebibytes(512), mebibytes(2048), mebibytes(1_048_576), mebibytes(0)],
            ["512Mi", "2Gi", "1Ti", "0"]
        );
        assert_eq!([count(20), count(1000)], ["20", "1k"]);
    }
}
