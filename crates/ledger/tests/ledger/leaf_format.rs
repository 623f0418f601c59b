//! The leaf format, frozen. The golden bytes and hashes were computed by another implementation, from the module's
//! documentation alone; if one of these tests fails, the code is wrong and not the test.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tenure_ledger::leaf::{Leaf, LeafError, LeafFields, MAX_BYTES, MAX_DEPTH, commitment};

const PROPOSED: &str = r#"{"actor":"person/ines","at":"2021-01-10T03:00:00Z","body":{"emergency":false,"letter":"sha256s:9914ccdddc42681bcbbc65f416116ae9af58b8a4b2c79d13a0ec784bd465ac17","measure":"M-3","notBefore":"2021-02-08T19:00:00Z","note":null,"power":"6.1","reports":98,"shareOfAccounts":"0.01","withholds":["deploy","compute"]},"n":12,"nonce":"000102030405060708090a0b0c0d0e0f","schema":1,"stream":"account/parley","type":"measure.proposed","v":1}"#;
const LEAST: &str = r#"{"actor":"a","at":"0001-01-01T00:00:00.000001Z","body":{},"n":0,"nonce":"ffffffffffffffffffffffffffffffff","schema":4294967295,"stream":"x","type":"t","v":1}"#;
const TEXTS: &str = "{\"actor\":\"system\",\"at\":\"2021-01-11T00:00:00.12Z\",\"body\":{\"\\n\":1,\"\\r\":-9007199254740991,\"1\":9007199254740991,\"\u{80}\":\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0000\\u001f\u{7f}\",\"\u{f6}\":[],\"\u{20ac}\":{},\"\u{1f600}\":\"\u{2028}\",\"\u{fb33}\":\"Ines \u{160}\"},\"n\":9007199254740991,\"nonce\":\"00000000000000000000000000000000\",\"schema\":2,\"stream\":\"report/R-1\",\"type\":\"report.filed\",\"v\":1}";

fn proposed() -> LeafFields {
    let body = json!({
        "measure": "M-3", "power": "6.1", "withholds": ["deploy", "compute"], "notBefore": "2021-02-08T19:00:00Z",
        "shareOfAccounts": "0.01", "reports": 98, "emergency": false, "note": null,
        "letter": commitment(std::array::from_fn(|i| u8::try_from(i).unwrap()), b"hello"),
    });
    let Value::Object(body) = body else { unreachable!() };
    LeafFields {
        nonce: std::array::from_fn(|i| u8::try_from(i).unwrap()),
        stream: "account/parley".into(),
        n: 12,
        at: "2021-01-10T03:00:00Z".into(),
        actor: "person/ines".into(),
        event_type: "measure.proposed".into(),
        schema: 1,
        body,
    }
}

fn with_body(body: Value) -> LeafFields {
    let Value::Object(body) = body else { panic!("a body is an object") };
    LeafFields { body, ..proposed() }
}

fn refused(bytes: &str) -> LeafError {
    Leaf::parse(bytes.as_bytes()).expect_err(bytes)
}

#[test]
fn the_bytes_and_hash_of_a_proposed_measure_never_change() {
    let bytes = Leaf::encode(&proposed()).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), PROPOSED);
    let leaf = Leaf::parse(PROPOSED.as_bytes()).unwrap();
    assert_eq!(leaf.fields(), &proposed());
    assert_eq!(leaf.bytes(), PROPOSED.as_bytes());
    assert_eq!(leaf.hash().to_string(), "b4161b476aea1f17cfd511416bdb3df802af3e0e4d6a19deae64fcf5634ea3b4");
}

#[test]
fn the_least_leaf_and_the_hardest_texts_keep_their_hashes() {
    for (bytes, hash) in [
        (LEAST, "35bf9979b10e21c98b52a420bcff6e5b996b2f2f584d6cc089a9e3a53d69625d"),
        (TEXTS, "939c4a328e39314f6cdd6c646223b574434d7ae1b69c4bfc06cf9c42591c0cc0"),
    ] {
        let leaf = Leaf::parse(bytes.as_bytes()).unwrap();
        assert_eq!(leaf.hash().to_string(), hash);
        assert_eq!(Leaf::encode(leaf.fields()).unwrap(), bytes.as_bytes());
    }
}

#[test]
fn a_commitment_is_frozen_and_opens_only_by_its_salt_and_payload() {
    let salt = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let hello = commitment(salt, b"hello");
    let text = "sha256s:9914ccdddc42681bcbbc65f416116ae9af58b8a4b2c79d13a0ec784bd465ac17";
    assert_eq!(hello.to_string(), text);
    assert_eq!(text.parse(), Ok(hello));
    assert!(hello.opens(salt, b"hello"));
    assert!(!hello.opens(salt, b"hello!"));
    assert!(!hello.opens([0; 16], b"hello"));
    let empty = "sha256s:1f6bfd778520b6bf5ef4c3702ff1586e4b474cd969da3f8b5f9605f838de1337";
    assert_eq!(commitment([0; 16], b"").to_string(), empty);
    for other in [&text[8..], &text.to_uppercase(), &text[..71], "sha256:00", ""] {
        assert!(other.parse::<tenure_ledger::leaf::Commitment>().is_err(), "{other}");
    }
}

#[test]
fn another_spelling_of_the_same_values_is_refused() {
    let spellings = [
        PROPOSED.replace("\"n\":12", "\"n\": 12"),
        format!("{PROPOSED}\n"),
        format!(" {PROPOSED}"),
        PROPOSED.replace("\"v\":1", "\"v\":1,\"v\":1"),
        PROPOSED.replace("\"reports\":98", "\"reports\":98,\"reports\":98"),
        PROPOSED.replace("ines", "\\u0069nes"),
        PROPOSED.replace("account/parley", "account\\/parley"),
        PROPOSED.replace("\"n\":12,", "").replace("{\"actor\"", "{\"n\":12,\"actor\""),
        TEXTS.replace("\\u001f", "\\u001F"),
        TEXTS.replace("\\b", "\\u0008"),
    ];
    for spelling in spellings {
        assert!(matches!(refused(&spelling), LeafError::NotCanonical { .. }), "{spelling}");
    }
    let offset = PROPOSED.find("12,").unwrap();
    let spaced = PROPOSED.replace("\"n\":12", "\"n\": 12");
    assert_eq!(refused(&spaced), LeafError::NotCanonical { offset });
}

#[test]
fn missing_unknown_and_wrong_fields_are_named() {
    for field in ["v", "nonce", "stream", "n", "at", "actor", "type", "schema", "body"] {
        let mut leaf: Map<String, Value> = serde_json::from_str(PROPOSED).unwrap();
        leaf.remove(field);
        assert_eq!(refused(&serde_json::to_string(&leaf).unwrap()), LeafError::Missing { field });
        for wrong in
            [json!(null), json!([]), json!(-1), json!(1.5), json!("\u{0}"), json!({"$serde_json": 1})]
        {
            if field == "body" && wrong.is_object() {
                continue;
            }
            leaf.insert(field.into(), wrong);
            let error = refused(&serde_json::to_string(&leaf).unwrap());
            assert!(matches!(&error, LeafError::Field { field: found, .. } if *found == field), "{error}");
        }
    }
    let unknown = PROPOSED.replace("\"v\":1", "\"v\":1,\"zone\":\"UTC\"");
    assert_eq!(refused(&unknown), LeafError::Unknown { field: "zone".into() });
    assert_eq!(
        refused(&PROPOSED.replace("\"v\":1", "\"v\":2")),
        LeafError::Field { field: "v", rule: "the number 1" }
    );
    for not_an_object in ["", "null", "[]", "{", "\"leaf\"", "{}x", "{\"actor\":\"\\ud800\"}"] {
        assert!(matches!(refused(not_an_object), LeafError::NotAnObject { .. }), "{not_an_object}");
    }
}

#[test]
fn a_number_is_an_integer_that_every_reader_knows_exactly() {
    for number in ["1.5", "1e3", "1.0", "-0", "-0.0", "9007199254740992", "-9007199254740992", "1e400"] {
        let leaf = PROPOSED.replace("\"reports\":98", &format!("\"reports\":{number}"));
        assert_ne!(leaf, PROPOSED);
        assert!(Leaf::parse(leaf.as_bytes()).is_err(), "{number}");
    }
    for number in ["0", "-1", "9007199254740991", "-9007199254740991"] {
        let leaf = PROPOSED.replace("\"reports\":98", &format!("\"reports\":{number}"));
        Leaf::parse(leaf.as_bytes()).unwrap();
    }
    let error = Leaf::encode(&with_body(json!({"caps": {"a/b~c": [1, 0.5]}}))).unwrap_err();
    assert_eq!(error, LeafError::Number { pointer: "/body/caps/a~1b~0c/1".into(), number: "0.5".into() });
    let error = Leaf::encode(&with_body(json!({"bytes": u64::MAX}))).unwrap_err();
    assert!(error.to_string().contains("write it as a string"), "{error}");
    let error = Leaf::encode(&LeafFields { schema: 0, ..proposed() }).unwrap_err();
    assert!(matches!(error, LeafError::Field { field: "schema", .. }));
    let beyond = refused(&PROPOSED.replace("\"schema\":1", "\"schema\":4294967296"));
    assert!(matches!(beyond, LeafError::Field { field: "schema", .. }));
    let error = Leaf::encode(&LeafFields { n: 1 << 53, ..proposed() }).unwrap_err();
    assert!(matches!(error, LeafError::Field { field: "n", .. }));
}

#[test]
fn a_name_that_json_libraries_give_a_meaning_to_is_refused() {
    for name in ["$", "$ref", "$serde_json::private::Number", "$serde_json::private::RawValue"] {
        let error = Leaf::encode(&with_body(json!({"caps": [{name: "1"}]}))).unwrap_err();
        assert_eq!(error, LeafError::Reserved { pointer: format!("/body/caps/0/{name}") });
        let leaf = PROPOSED.replace("\"measure\":", &format!("\"measure\":{{\"{name}\":\"1\"}},\"was\":"));
        assert!(Leaf::parse(leaf.as_bytes()).is_err(), "{leaf}");
    }
    Leaf::encode(&with_body(json!({"price$": "$1", "": "$"}))).unwrap();
}

#[test]
fn a_moment_has_one_spelling_and_exists() {
    for at in [
        "2021-01-10T03:00:00Z",
        "2020-02-29T23:59:59.999999Z",
        "2000-02-29T00:00:00Z",
        "9999-12-31T23:59:59.000001Z",
        "2021-01-10T03:00:00.5Z",
    ] {
        Leaf::encode(&LeafFields { at: at.into(), ..proposed() }).expect(at);
    }
    for at in [
        "",
        "2021-01-10",
        "2021-01-10t03:00:00z",
        "2021-01-10 03:00:00Z",
        "2021-01-10T03:00:00",
        "2021-01-10T03:00:00+00:00",
        "2021-01-10T03:00:00.Z",
        "2021-01-10T03:00:00.0Z",
        "2021-01-10T03:00:00.50Z",
        "2021-01-10T03:00:00.1234567Z",
        "2021-01-10T03:00:00.12 3Z",
        "2021-02-29T03:00:00Z",
        "1900-02-29T03:00:00Z",
        "2021-04-31T03:00:00Z",
        "2021-13-01T03:00:00Z",
        "2021-00-01T03:00:00Z",
        "2021-01-00T03:00:00Z",
        "2021-01-10T24:00:00Z",
        "2021-01-10T03:60:00Z",
        "2016-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "２021-01-10T03:00:00Z",
    ] {
        let error = Leaf::encode(&LeafFields { at: at.into(), ..proposed() }).expect_err(at);
        assert!(matches!(error, LeafError::Field { field: "at", .. }), "{at}");
    }
}

#[test]
fn a_word_needs_no_escapes() {
    for word in ["", " ", "a b", "a\"", "a\\b", "a\n", "é", &"a".repeat(201)] {
        for (field, fields) in [
            ("stream", LeafFields { stream: word.into(), ..proposed() }),
            ("actor", LeafFields { actor: word.into(), ..proposed() }),
            ("type", LeafFields { event_type: word.into(), ..proposed() }),
        ] {
            let error = Leaf::encode(&fields).expect_err(word);
            assert!(matches!(error, LeafError::Field { field: found, .. } if found == field), "{word}");
        }
    }
    Leaf::encode(&LeafFields { stream: "a".repeat(200), ..proposed() }).unwrap();
    Leaf::encode(&LeafFields { stream: "terms/cloud-agreement@2020-04".into(), ..proposed() }).unwrap();
}

#[test]
fn a_leaf_is_never_too_long_for_an_entry_bundle() {
    let empty = Leaf::encode(&with_body(json!({"t": ""}))).unwrap().len();
    let longest = Leaf::encode(&with_body(json!({"t": "x".repeat(MAX_BYTES - empty)}))).unwrap();
    assert_eq!(longest.len(), MAX_BYTES);
    Leaf::parse(&longest).unwrap();
    let error = Leaf::encode(&with_body(json!({"t": "x".repeat(MAX_BYTES - empty + 1)}))).unwrap_err();
    assert_eq!(error, LeafError::TooLong { length: MAX_BYTES + 1 });
    assert_eq!(Leaf::parse(&vec![b' '; MAX_BYTES + 1]), Err(LeafError::TooLong { length: MAX_BYTES + 1 }));
}

#[test]
fn a_body_nests_only_so_deep() {
    // The leaf is level 1 and its body level 2, which leaves this many for arrays below it.
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let deepest = Leaf::encode(&with_body(json!({"a": nested(MAX_DEPTH - 2)}))).unwrap();
    Leaf::parse(&deepest).unwrap();
    let error = Leaf::encode(&with_body(json!({"a": nested(MAX_DEPTH - 1)}))).unwrap_err();
    assert!(matches!(error, LeafError::TooDeep { .. }));
    let hostile = format!("{{\"body\":{}", "[".repeat(60_000));
    assert!(matches!(refused(&hostile), LeafError::NotAnObject { .. }));
}

fn any_name() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("reserved", |name| !name.starts_with('$'))
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any_name(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_fields() -> impl Strategy<Value = LeafFields> {
    let word = "[!#-\\[\\]-~]{1,200}";
    let at = "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{0,5}[1-9])?Z";
    let body = prop::collection::btree_map(any_name(), any_value(), 0..5);
    (any::<[u8; 16]>(), word, 0_u64..1 << 53, at, word, word, 1_u32.., body).prop_map(
        |(nonce, stream, n, at, actor, event_type, schema, body)| LeafFields {
            nonce,
            stream,
            n,
            at,
            actor,
            event_type,
            schema,
            body: body.into_iter().collect(),
        },
    )
}

proptest! {
    #[test]
    fn what_is_encoded_reads_back_as_it_was(fields in any_fields()) {
        let bytes = Leaf::encode(&fields).unwrap();
        let leaf = Leaf::parse(&bytes).unwrap();
        prop_assert_eq!(leaf.bytes(), &bytes);
        prop_assert_eq!(leaf.into_fields(), fields);
    }

    #[test]
    fn a_changed_byte_is_refused_or_is_another_leaf(
        fields in any_fields(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut bytes = Leaf::encode(&fields).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(leaf) = Leaf::parse(&bytes) {
            prop_assert_eq!(leaf.bytes(), &bytes);
            prop_assert_ne!(leaf.into_fields(), fields);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Leaf::parse(&bytes).is_err());
    }

    #[test]
    fn any_json_is_read_without_a_panic(value in any_value()) {
        let bytes = serde_json::to_vec(&value).unwrap();
        prop_assert!(Leaf::parse(&bytes).is_err());
    }
}
