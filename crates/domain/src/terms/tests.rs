use super::*;

const EXAMPLE: &str = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");

#[test]
fn the_example_terms_read() {
    let (terms, reference) = Terms::parse(EXAMPLE).unwrap();
    assert_eq!(reference.to_string(), "cloud-agreement 2020-04");
    println!("{terms:#?} {reference:?}");
}
