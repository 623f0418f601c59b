//! When two locators name the same place.

use url::Url;

/// The form in which equal places are equal texts. For comparing only: it is neither shown nor fetched.
///
/// A URL with a host loses its fragment, default port and the host's trailing dot; scheme and host are in lower case,
/// host names in any script in one spelling. `hxxp` and `[.]`, by which reporters keep links from being clicked, are
/// undone. Path and query stay as they are, with the query's order: servers tell them apart. An opaque URI, such as
/// `mid:…`, stays as it is but for its scheme. Any other text is compared in lower case, with white space made one
/// space.
pub fn normal(text: &str) -> String {
    let text = text.trim();
    let live = live(text);
    let Ok(mut url) = Url::parse(&live) else { return plain(text) };
    if !url.has_host() {
        // `parley.example:8080/x` reads like a URI of the scheme `parley.example`.
        return if url.scheme().contains('.') { plain(text) } else { url.to_string() };
    }
    url.set_fragment(None);
    let host = url.host_str().unwrap_or_default();
    if host.ends_with('.') {
        // A host of nothing but dots stays one.
        let host = host.trim_end_matches('.').to_owned();
        url.set_host(Some(&host)).ok();
    }
    url.to_string()
}

fn live(text: &str) -> String {
    let rest = |scheme: &str| {
        let start = text.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| text.get(scheme.len()..).unwrap_or_default())
    };
    let undone = if let Some(rest) = rest("hxxps://") {
        format!("https://{rest}")
    } else if let Some(rest) = rest("hxxp://") {
        format!("http://{rest}")
    } else {
        text.to_owned()
    };
    undone.replace("[.]", ".")
}

fn plain(text: &str) -> String {
    let lower = text.replace("[.]", ".").to_lowercase();
    let one: Vec<&str> = lower.split_whitespace().collect();
    let one = one.join(" ");
    // A host name's dot; what has a colon would read as another thing without it.
    if one.contains(':') { one } else { one.trim_end_matches([' ', '.']).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::normal;
    use proptest::prelude::*;

    #[test]
    fn different_spellings_of_one_place_are_one() {
        let same: [&[&str]; 6] = [
            &[
                "https://parley.example/post/1?b=2&a=1",
                " HTTPS://Parley.Example:443/post/1?b=2&a=1#top\n",
                "https://parley.example./post/1?b=2&a=1",
                "hxxps://parley[.]example/post/1?b=2&a=1",
                "https://parley.example/x/../post/1?b=2&a=1",
            ],
            &["http://bücher.example", "http://xn--bcher-kva.example/", "HTTP://BÜCHER.EXAMPLE:80/#a"],
            &["parley.example", "Parley.Example.", "parley[.]example"],
            &["parley.example:8080/x", "PARLEY.example:8080/x"],
            &["the third  post", "The Third Post", "the\u{2003}third\npost"],
            &["192.0.2.1", " 192.0.2.1 "],
        ];
        for places in same {
            for place in places {
                assert_eq!(normal(place), normal(places[0]), "{place}");
            }
        }
    }

    #[test]
    fn different_places_stay_different() {
        let different = [
            "https://parley.example/post/1?b=2&a=1",
            "https://parley.example/post/1?a=1&b=2",
            "https://parley.example/post/1",
            "https://parley.example/Post/1",
            "https://parley.example/post/1/",
            "https://parley.example:8443/post/1",
            "http://parley.example/post/1",
            "mid:A@parley.example",
            "mid:a@parley.example",
            "parley.example",
            "192.0.2.1",
            "192.0.2.10",
            "2001:db8::1",
        ];
        for (n, one) in different.iter().enumerate() {
            for other in &different[n + 1..] {
                assert_ne!(normal(one), normal(other), "{one} {other}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_normal_form_that_stays(text in "\\PC{0,80}") {
            let once = normal(&text);
            prop_assert!(!once.contains('\0'));
            prop_assert_eq!(normal(&once), once.clone());
        }

        #[test]
        fn any_url_has_a_normal_form_that_stays(host in "[a-zA-Z0-9.äß-]{1,20}", rest in "[/?#&=%.a-zA-Z0-9:@ ]{0,30}") {
            let once = normal(&format!("https://{host}{rest}"));
            prop_assert_eq!(normal(&once), once.clone());
        }
    }
}
