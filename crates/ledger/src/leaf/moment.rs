//! The one spelling of a moment in a leaf.

/// Whether the text is `YYYY-MM-DDThh:mm:ss[.f]Z`: a moment that exists, in UTC, to the microsecond, without
/// trailing zeros.
pub(super) fn is_moment(text: &str) -> bool {
    let Some((whole, rest)) = text.as_bytes().split_at_checked(19) else { return false };
    let shape_holds = whole.iter().zip(b"dddd-dd-ddTdd:dd:dd").all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        _ => byte == shape,
    });
    if !shape_holds || !is_end(rest) {
        return false;
    }
    let number =
        |from: usize, to: usize| whole[from..to].iter().fold(0_u32, |n, b| n * 10 + u32::from(b - b'0'));
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    year >= 1 && (1..=days_in(year, month)).contains(&day) && hour <= 23 && minute <= 59 && second <= 59
}

fn is_end(rest: &[u8]) -> bool {
    match rest {
        [b'Z'] => true,
        [b'.', decimals @ .., last, b'Z'] => {
            decimals.len() <= 5 && decimals.iter().all(u8::is_ascii_digit) && matches!(last, b'1'..=b'9')
        }
        _ => false,
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}
