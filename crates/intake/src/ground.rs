//! What a report in a published format alleges, where the account's terms do not say it themselves.
//!
//! Terms say it in their field `grounds`: `- {id: phishing, reportedAs: ["xarf:content/phishing", "arf:fraud"]}`. What
//! they leave out is read from this table.

use std::collections::BTreeMap;

use tenure_domain::name::{Format, Ground};

/// Formats' types and the grounds they allege.
const TABLE: [(&str, &str); 35] = [
    ("arf:abuse", "spam"),
    ("arf:fraud", "phishing"),
    ("arf:virus", "malware"),
    ("xarf:connection/ddos", "ddos"),
    ("xarf:connection/infected_host", "malware"),
    ("xarf:connection/login_attack", "login_attack"),
    ("xarf:connection/port_scan", "port_scan"),
    ("xarf:connection/reconnaissance", "port_scan"),
    ("xarf:connection/scraping", "scraping"),
    ("xarf:connection/sql_injection", "intrusion"),
    ("xarf:connection/vulnerability_scan", "port_scan"),
    ("xarf:content/brand_infringement", "trademark"),
    ("xarf:content/csam", "csam"),
    ("xarf:content/csem", "csem"),
    ("xarf:content/exposed_data", "exposed_data"),
    ("xarf:content/fraud", "fraud"),
    ("xarf:content/malware", "malware"),
    ("xarf:content/phishing", "phishing"),
    ("xarf:content/remote_compromise", "compromised"),
    ("xarf:content/suspicious_registration", "fraud"),
    ("xarf:copyright/copyright", "copyright"),
    ("xarf:copyright/cyberlocker", "copyright"),
    ("xarf:copyright/link_site", "copyright"),
    ("xarf:copyright/p2p", "copyright"),
    ("xarf:copyright/ugc_platform", "copyright"),
    ("xarf:copyright/usenet", "copyright"),
    ("xarf:infrastructure/botnet", "malware"),
    ("xarf:infrastructure/compromised_server", "compromised"),
    ("xarf:messaging/bulk_messaging", "spam"),
    ("xarf:messaging/spam", "spam"),
    ("xarf:reputation/blocklist", "reputation"),
    ("xarf:reputation/threat_intelligence", "reputation"),
    ("xarf:vulnerability/cve", "vulnerability"),
    ("xarf:vulnerability/misconfiguration", "vulnerability"),
    ("xarf:vulnerability/open_service", "vulnerability"),
];

/// What a report of this format alleges, by what the terms say or else by the table; none where neither knows it.
pub fn alleged(format: &Format, terms: &BTreeMap<Format, Ground>) -> Option<Ground> {
    if let Some(ground) = terms.get(format) {
        return Some(ground.clone());
    }
    let (_, ground) = TABLE.iter().find(|(known, _)| *known == format.as_str())?;
    ground.parse().ok()
}

/// The feedback types of ARF mail that allege something, by the terms or the table.
pub fn feedback_types(terms: &BTreeMap<Format, Ground>) -> Vec<String> {
    let known = TABLE.iter().map(|(format, _)| *format).chain(terms.keys().map(Format::as_str));
    let mut types: Vec<String> = known.filter_map(|f| f.strip_prefix("arf:")).map(str::to_owned).collect();
    types.sort();
    types.dedup();
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_type_alleges_something_and_nothing_else_does() {
        let published: Vec<String> =
            xarf::schemas::registry().known_combinations().map(|(c, t)| format!("xarf:{c}/{t}")).collect();
        let table: Vec<&str> = TABLE.iter().map(|(f, _)| *f).filter(|f| f.starts_with("xarf:")).collect();
        assert_eq!(table, published);
        for (format, ground) in TABLE {
            let format: Format = format.parse().unwrap();
            assert_eq!(alleged(&format, &BTreeMap::new()).unwrap().as_str(), ground);
        }
        assert_eq!(alleged(&"arf:not-spam".parse().unwrap(), &BTreeMap::new()), None);
    }

    #[test]
    fn the_terms_come_before_the_table() {
        let format: Format = "arf:fraud".parse().unwrap();
        let opt_out: Format = "arf:opt-out".parse().unwrap();
        let terms =
            BTreeMap::from([(format.clone(), "scam".parse().unwrap()), (opt_out, "spam".parse().unwrap())]);
        assert_eq!(alleged(&format, &terms).unwrap().as_str(), "scam");
        assert_eq!(feedback_types(&terms), ["abuse", "fraud", "opt-out", "virus"]);
    }
}
