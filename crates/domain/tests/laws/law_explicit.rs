//! Law 11: every duration is explicit.

use tenure_domain::terms::Terms;

use crate::world::EXAMPLE;

/// Every place in the example terms where a field has a period: line, field and what is written.
fn periods() -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    for (n, line) in EXAMPLE.lines().enumerate() {
        let code = line.split(" #").next().unwrap();
        for part in code.split([',', '{', '}']) {
            let Some((field, value)) = part.split_once(": ") else { continue };
            let value = value.trim();
            let period = value == "2bd"
                || value.starts_with('P') && value[1..].starts_with(|c: char| c.is_ascii_digit() || c == 'T');
            if period {
                found.push((n, field.trim().to_owned(), value.to_owned()));
            }
        }
    }
    found
}

/// The example with one written field on one line replaced.
fn with(line: usize, written: &str, replaced: &str) -> String {
    let lines: Vec<String> = EXAMPLE
        .lines()
        .enumerate()
        .map(|(n, text)| if n == line { text.replacen(written, replaced, 1) } else { text.to_owned() })
        .collect();
    lines.join("\n")
}

#[test]
fn law_11_a_period_that_is_missing_blank_or_null_is_an_error_on_its_line() {
    let periods = periods();
    assert_eq!(periods.len(), 16, "{periods:#?}");
    for (line, field, value) in periods {
        let written = format!("{field}: {value}");
        for (what, text) in [
            (
                "missing",
                with(line, &written, "")
                    .replace("{,", "{")
                    .replace("{ ,", "{")
                    .replace(", ,", ",")
                    .replace(", }", "}")
                    .replace(",, ", ", "),
            ),
            ("blank", with(line, &written, &format!("{field}: \"\""))),
            ("spaces", with(line, &written, &format!("{field}: \"  \""))),
            ("null", with(line, &written, &format!("{field}: null"))),
            ("nothing", with(line, &written, &format!("{field}: "))),
            ("a bare zero", with(line, &written, &format!("{field}: 0"))),
        ] {
            let errors = Terms::parse(&text).expect_err(&format!("{what}: {text}"));
            let named = errors.as_slice().iter().any(|e| {
                e.line as usize == line + 1 && (e.field == field || e.field.ends_with(&format!(".{field}")))
            });
            assert!(named, "{field} on line {} is {what}: {errors}", line + 1);
        }
    }
}
